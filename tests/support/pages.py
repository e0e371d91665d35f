"""Parse an HTML page as a browser does, as far as tests need."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


@dataclass
class Element:
    """One element: its tag, attributes and children."""

    tag: str
    attributes: dict[str, str]
    content: "list[Element | str]" = field(default_factory=list)
    parent: "Element | None" = None

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)

    @property
    def children(self) -> "list[Element]":
        return [part for part in self.content if isinstance(part, Element)]

    @property
    def own_text(self) -> list[str]:
        """The element's own text, without its children's."""
        return [part for part in self.content if isinstance(part, str)]

    @property
    def text(self) -> str:
        """All its text, with single spaces."""
        return " ".join("".join(self._texts()).split())

    def walk(self) -> Iterator["Element"]:
        yield self
        for child in self.children:
            yield from child.walk()

    def all(self, tag: str, **attributes: str) -> list["Element"]:
        """Find elements by tag and attributes; `data_x` means `data-x`."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            found
            for found in self.walk()
            if found.tag == tag and wanted.items() <= found.attributes.items()
        ]

    def one(self, tag: str, **attributes: str) -> "Element":
        (found,) = self.all(tag, **attributes)
        return found

    def within(self, name: str) -> bool:
        """Return whether it or an ancestor has that attribute."""
        return name in self.attributes or (self.parent is not None and self.parent.within(name))

    def entries(self) -> list[tuple[str, str]]:
        """Return what a browser sends of a form as it is (HTML, “entry list”)."""
        sent = [
            (element["name"], element.get("value") or "")
            for element in self.all("input")
            if "name" in element.attributes
            and (element.get("type") != "checkbox" or "checked" in element.attributes)
        ]
        for select in self.all("select"):
            options = select.all("option")
            chosen = [each for each in options if "selected" in each.attributes] or options
            value = chosen[0].get("value")
            sent.append((select["name"], chosen[0].text if value is None else value))
        return sent

    def _texts(self) -> Iterator[str]:
        for part in self.content:
            if isinstance(part, str):
                yield part
            else:
                yield from part._texts()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("#document", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self._open[-1]
        element = Element(tag, {name: value or "" for name, value in attrs}, parent=parent)
        parent.content.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].content.append(data)


def read_page(html: str) -> Element:
    """Parse a page, all of whose elements must be closed."""
    parser = _Parser()
    parser.feed(html)
    assert parser._open == [parser.root], "something is left open"
    return parser.root
