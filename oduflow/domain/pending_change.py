"""A change of code that is under way: what a process that dies leaves, and the way back."""

from oduflow.domain.outcome import ErrorView, Model

CODE_CHANGE = "code_change"  # the name of the saga, and of the environment's step meanwhile


class PendingChange(Model):
    """The way back from a change of code.

    Attributes:
        state: of the files before it.
        commit: the one that was checked out.
        snapshot: the id of the snapshot that was taken before; empty without one.
        wrote: whether data may have been written since.
        replaced: whether what the container is made of may have been replaced.
        served: whether the serving Odoo may have loaded the new code.
        python_deps: the installed requirements that the serving container has.
        was: the environment's state before, such as `running`; empty in rows of older versions.
        error: the environment's error before, which a way back that fails replaces.
        target: the state that the files were to have; empty in rows of older versions.
    """

    state: str
    commit: str
    snapshot: str = ""
    wrote: bool = False
    replaced: bool = False
    served: bool = False
    python_deps: str = ""
    was: str = ""
    error: ErrorView | None = None
    target: str = ""
