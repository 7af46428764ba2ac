"""Videos in messages: every form of block read, and turned into labelled frames."""
