"""What clients use: devices, servers, workstations, users, counted by whoever can count them."""
