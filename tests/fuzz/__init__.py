"""What is thrown at every parser of the package: seeds, changes to them, and what must hold."""
