"""The OAuth 2.1 authorization server; GitHub only tells it who a person is."""
