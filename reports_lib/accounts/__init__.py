"""Who may do what: accounts, their roles, and whoever is signed in."""
