"""The paper's equations and what goes beyond them, executable."""
