"""Client ID Metadata Documents, fetched from where strangers say they lie."""

from oduflow.adapters.cimd.documents import ClientDocuments

__all__ = ["ClientDocuments"]
