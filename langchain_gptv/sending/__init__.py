"""From messages in the normal form to what leaves: place, `detail`, size and budget of each image.

The decision is taken before the call and shown after it, in `response_metadata["vision_plan"]`.
"""
