"""The embedded engine: it looks at a picture and answers from what it saw, with no key.

It reads text, finds objects of 80 classes and names colours. It is no language model.
"""

ADDRESS = "http://gptv.local"
"""Where clients in this process reach it. Nothing is looked up: no request leaves the process."""
