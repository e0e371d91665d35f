"""Access: grants, GitHub sign-ins, git credentials, the audit writer."""
