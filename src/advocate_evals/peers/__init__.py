"""Our mechanisms on somebody else's scenario: what is published stays as it is, the notice comes on top."""
