"""The decisions about clients: pushes, links, what is done at once and taken back, contacts."""
