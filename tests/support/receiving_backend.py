"""The backend of a git server that receives pushes, which the product's own never does."""

import re
import shutil
import tempfile
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.util import FileWrapper

from oduflow.adapters.git.http_backend import HttpBackend, _read_head

_PUSH = re.compile(r"(?P<repository>/.+\.git)/(?:info/refs|git-receive-pack)")


class ReceivingBackend(HttpBackend):
    """Serves repositories for reading, and for pushes where `http.receivepack` is set."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked = _PUSH.fullmatch(environ["PATH_INFO"])
        where = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
        if asked is None or "git-receive-pack" not in where:
            return super().__call__(environ, start_response)
        with tempfile.TemporaryFile() as body:
            shutil.copyfileobj(environ["wsgi.input"], body)
            answer = self._run(environ, asked["repository"], body)
        start_response(*_read_head(answer))
        return FileWrapper(answer)
