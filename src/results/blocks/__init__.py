"""What a stage or a page tells, built once as blocks, and its three renderers.

`blocks.py` is what can be told; `text.py` writes it for a terminal, `html.py` for a browser and
`markdown.py` for a repository. A renderer is imported by its own module, since a stage that only
prints should not wait for the templates of pages.
"""
