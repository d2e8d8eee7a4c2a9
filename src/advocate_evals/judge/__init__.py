"""The judge: graders answer closed questions about an episode whose arm is masked, with quotes that are checked."""
