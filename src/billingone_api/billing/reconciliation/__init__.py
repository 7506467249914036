"""What clients use against what is licensed for them: rules, snapshots, variances, decisions."""
