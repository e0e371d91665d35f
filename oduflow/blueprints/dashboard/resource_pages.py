"""The pages that every noun has: a list, the form of a new one, and everything done to one."""

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from flask import make_response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Response

from oduflow.blueprints.context import context
from oduflow.blueprints.dashboard.actions import Action, actions_on, creations_of, key_of
from oduflow.blueprints.dashboard.blueprint import FRAGMENTS, blueprint, call, data, redirect_to
from oduflow.blueprints.dashboard.buttons import Button, button_of, buttons, destroys, has_page
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.dashboard.work import active_work, work_named
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Envelope, ErrorView

# By the slug of an action that has no job to report its end.
_NOTICES = MappingProxyType({"delete": "{} deleted.", "revoke": "{} revoked."})

Key = Mapping[str, str]
Sent = MultiDict[str, str]


class ResourcePages:
    """The pages of one noun.

    Routes, forms and buttons derive from the noun and from the table of actions. A noun that
    differs overrides a method here, or a block of `list.html`, `new.html` or `confirm.html` in a
    template whose name begins with the noun.

    Attributes:
        noun: such as `extra_repo`.
        plural: names the list operation, the endpoint of the list and its template.
        path: the URL where a new one is posted.
        home: the URL of the list.
        heading: the heading of the list.
        new_heading: the heading of a new one's form.
        first_name: the name that the form of the first one suggests.
    """

    def __init__(
        self,
        noun: str,
        path: str,
        heading: str,
        new_heading: str,
        *,
        home: str = "",
        first_name: str = "",
    ) -> None:
        self.noun, self.plural = noun, f"{noun}s"
        self.words = noun.replace("_", " ")
        self.path, self.home = path, home or path
        self.heading, self.new_heading = heading, new_heading
        self.first_name = first_name
        self.creation, *self.further_creations = creations_of(noun)
        self._add_routes()

    def show_list(self, **more: Any) -> str:
        """Show the list."""
        return self._render("list", **self.list_context(), **more)

    def new_url(self, creation: Action) -> str:
        """Return the URL of the form of a creation."""
        form = f"/new/{self.noun.replace('_', '-')}"
        return form if creation == self.creation else f"{form}/{creation.slug}"

    def post_url(self, creation: Action) -> str:
        """Return the URL to which the form of a creation is sent."""
        return self.path if creation == self.creation else f"{self.path}/{creation.slug}"

    def show_fragment(self) -> Response:
        """Return the list alone."""
        return make_response(self._render(f"_{self.plural}", **self.list_context()))

    def show_form(self) -> str:
        """Show the form of a new one."""
        return self._form_page(Form.of(self.creation.operation, request.args))

    def create(self) -> Response:
        """Make a new one; a slow operation begins a job."""
        form = Form.of(self.creation.operation, request.form)
        try:
            envelope = call(self.creation.operation, **form.arguments())
        except Failure as failure:
            return make_response(self._form_page(form.refused(failure)), STATUS_OF[failure.kind])
        return self.created(envelope)

    def show_further_form(self, creation: Action) -> str:
        """Show the form of another creation than the usual one."""
        return self._further_page(creation, Form.of(creation.operation, request.args))

    def create_further(self, creation: Action) -> Response:
        """Make a new one in another way than the usual one."""
        form = Form.of(creation.operation, request.form)
        try:
            envelope = call(creation.operation, **form.arguments())
        except Failure as failure:
            page = self._further_page(creation, form.refused(failure))
            return make_response(page, STATUS_OF[failure.kind])
        return self.created(envelope)

    def show_action(self, action: str, **path: str) -> str:
        """Show the page that asks before an action.

        Raises:
            NotFound: the team has no such thing.
        """
        chosen = self._action(action)
        if not has_page(chosen):
            raise MethodNotAllowed(["POST"])
        return self._confirmation(chosen, self._key(path), self._form(chosen, request.args))

    def act(self, action: str, **path: str) -> Response:
        """Run an action; a slow operation begins a job."""
        chosen, key = self._action(action), self._key(path)
        form = self._form(chosen, request.form)
        try:
            envelope = call(chosen.operation, **form.arguments(), **key)
        except Failure as failure:
            if has_page(chosen):
                page = self._confirmation(chosen, key, form.refused(failure))
            else:
                page = self.refused(key, failure)
            return make_response(page, STATUS_OF[failure.kind])
        return self.done(chosen, key, envelope)

    def all(self) -> Any:
        """Return the views of the team's things."""
        return getattr(data(f"list_{self.plural}"), self.plural)

    def find(self, key: Key) -> Any:
        """Return the view of one.

        Raises:
            NotFound: the team has no such thing.
        """
        for view in self.all():
            if all(getattr(view, name) == value for name, value in key.items()):
                return view
        named = f"{self.words} “{key['name']}”" if "name" in key else f"such {self.words}"
        shows = Next.of(f"list_{self.plural}", "shows the existing ones")
        raise NotFound(f"There is no {named}.", "", shows)

    def buttons(self, view: Any) -> Iterator[Button]:
        """Yield the buttons of a row of the list."""
        return buttons(view, self.noun)

    def button(self, view: Any, operation: str) -> Button:
        """Return the button of one action, for another page than the thing's own."""
        return button_of(view, self.noun, operation)

    def locked_as(self, view: Any) -> str:
        """Return the name of the lock of one, as the jobs that lock it have it; empty: none."""
        return str(getattr(view, "name", ""))

    def list_context(self) -> dict[str, Any]:
        """Return what the template of the list shows."""
        slow = any(each.slow and self.noun in each.held_nouns for each in context().runner.registry)
        # The jobs before the rows: one that ends in between shows as active until the next poll.
        works = active_work(self.noun) if slow else {}
        work = work_named(request.args.get("job", ""), self.noun)
        return {"rows": self.all(), "works": works, "work": work, "notice": self.notice()}

    def notice(self) -> str:
        """Return what a quick deletion has done, as the URL of the list names it."""
        return _NOTICES.get(request.args.get("done", ""), "").format(self.words.capitalize())

    def form_context(self, form: Form) -> dict[str, Any]:
        """Return what the template of a new one's form shows."""
        return {"form": form}

    def back_url(self, _key: Key) -> str:
        """Return where the link back leads from a page that asks."""
        return self.home

    def created(self, envelope: Envelope[Any]) -> Response:
        """Respond to a creation that is done or begun."""
        return redirect_to(self.plural, job=envelope.job)

    def done(self, action: Action, _key: Key, envelope: Envelope[Any]) -> Response:
        """Respond to an action that is done or begun."""
        is_over = destroys(action) and envelope.job is None
        return redirect_to(self.plural, job=envelope.job, done=action.slug if is_over else None)

    def refused(self, _key: Key, failure: Failure) -> str:
        """Render the page that the button was on, and why the action was refused."""
        return self.show_list(failure=ErrorView.of(failure))

    def _form_page(self, form: Form) -> str:
        return self._render("new", **self.form_context(form))

    def _further_page(self, creation: Action, form: Form) -> str:
        return self._render(creation.slug, "new", **self.form_context(form), creation=creation)

    def _confirmation(self, action: Action, key: Key, form: Form) -> str:
        return self._render(
            action.slug,
            "confirm",
            it=self.find(key),
            action=action,
            destroys=destroys(action),
            form=form,
            hidden={} if "name" in key else key,
            back=self.back_url(key),
        )

    def _render(self, *names: str, **shown: Any) -> str:
        """Render the noun's own template of the first name, else the common one of the last."""
        own = f"dashboard/{self.noun}_{names[0]}.html"
        return render_template([own, f"dashboard/{names[-1]}.html"], pages=self, **shown)

    def _action(self, slug: str) -> Action:
        return next(action for action in actions_on(self.noun) if action.slug == slug)

    def _key(self, path: Key) -> Key:
        return path or {name: request.values.get(name, "") for name in key_of(self.noun)}

    def _form(self, action: Action, sent: Sent) -> Form:
        """Return the form of an action.

        A button without a page sends no checkboxes: an absent one is not False.
        """
        form = Form.of(action.operation, sent, without=key_of(self.noun))
        return form if has_page(action) else form.only(sent)

    def _add_routes(self) -> None:
        def add(rule: str, endpoint: str, view: Any, method: str = "GET") -> None:
            blueprint.add_url_rule(rule, endpoint, view, methods=[method])

        slugs = ", ".join(dict.fromkeys(f'"{action.slug}"' for action in actions_on(self.noun)))
        name = "/<name>" if key_of(self.noun) == ("name",) else ""
        one = f"{self.path}{name}/<any({slugs}):action>"
        add(self.home, self.plural, self.show_list)
        add(f"{FRAGMENTS}{self.path}", f"{self.plural}_fragment", self.show_fragment)
        add(f"/new/{self.noun.replace('_', '-')}", f"new_{self.noun}", self.show_form)
        add(self.path, self.creation.operation, self.create, "POST")
        for further in self.further_creations:
            show, post = self.show_further_form, self.create_further
            add(self.new_url(further), f"new_{further.operation}", partial(show, further))
            add(self.post_url(further), further.operation, partial(post, further), "POST")
        add(one, f"{self.noun}_page", self.show_action)
        add(one, f"{self.noun}_action", self.act, "POST")
