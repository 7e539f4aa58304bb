"""A desk to play at: turn a setting, train, compare, draw a digit and see how it is answered.

`desk.Desk` holds the sliders and buttons of notebooks/explore.ipynb, look there first; `drawing`
makes an image of strokes of the mouse, `seeing` asks a network layer by layer, and `charts` draws
both answers. No run of the report comes from here, and nothing here is imported elsewhere.
"""
