"""The OAuth 2.1 authorization server; people authenticate at GitHub."""
