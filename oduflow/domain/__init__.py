"""What the product is about, without any system behind it: names, errors, inputs, views, plans."""
