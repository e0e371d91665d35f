"""The REST of git credentials: `GET /api/credentials`, `POST /api/credentials/{add,…}`."""

from oduflow.blueprints.rest.routes import CREDENTIALS, operations_blueprint

blueprint = operations_blueprint(CREDENTIALS, lambda noun: noun == CREDENTIALS)
