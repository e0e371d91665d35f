"""One folder a foreign system; every foreign error is translated here, at the edge."""
