"""SuperOps: its MSP API read only, by GraphQL; all in SuperOps's words."""
