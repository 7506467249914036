"""The toolbox: nothing here knows what an invoice is."""
