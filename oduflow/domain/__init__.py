"""The product's concepts, without any system: names, errors, inputs, views, plans."""
