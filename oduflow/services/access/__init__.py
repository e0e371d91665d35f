"""Who may call: grants, GitHub people, git credentials, the audit log."""
