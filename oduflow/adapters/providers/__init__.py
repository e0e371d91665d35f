"""Check a credential with the API of its git provider: GitHub, GitLab, Bitbucket."""
