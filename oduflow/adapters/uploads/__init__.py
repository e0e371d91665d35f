"""The files of uploads below the teams' folders."""

from oduflow.adapters.uploads.files import UploadFiles

__all__ = ["UploadFiles"]
