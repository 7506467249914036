"""Who changed what, when and from where: added to, read, and never changed."""
