"""Who is asking, on the faces that speak HTTP."""
