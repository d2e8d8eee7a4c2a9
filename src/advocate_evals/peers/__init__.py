"""Our mechanisms on published scenarios of others: what is published stays unchanged, the notice is added."""
