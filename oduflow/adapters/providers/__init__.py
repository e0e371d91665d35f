"""What the hosts of git repositories say of a credential: GitHub, GitLab, Bitbucket."""
