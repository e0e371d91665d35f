"""What environments share: networks, the database server, the firewall, the disk."""
