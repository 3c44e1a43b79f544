"""What a user can do, one module a capability."""
