"""Client ID Metadata Documents: an OAuth client's metadata, at the URL that is the client's id."""
