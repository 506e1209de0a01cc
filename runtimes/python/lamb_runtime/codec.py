"""Events from JSON and results to JSON, as the Lambda Python runtime does it: like the standard
library's json, and besides, a result may hold Decimal (a number), bytes (text in UTF-8) and named
tuples (objects).

The C parts of the json package are used directly where they are as expected: importing the package
costs a third of an interpreter start, for regular expressions that only its pure Python parts need.
The public package is the way out for every other interpreter and for the texts of errors.
"""

import marshal
import sys

from . import Fault, standard

WHITESPACE = " \t\n\r"

# Python 3.12 is the first runtime of Lambda that leaves non-ASCII characters as they are.
ASCII_ONLY = sys.version_info < (3, 12)

# Around the text of a Decimal inside a JSON string, from where it is cut out. No result holds it by chance.
_mark = ""


class _Settings:
    """What _json.make_scanner reads from a JSONDecoder."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    parse_constant = {"-Infinity": -1e999, "Infinity": 1e999, "NaN": float("nan")}.__getitem__
    memo = {}


try:
    import _json

    _scan = _json.make_scanner(_Settings)
    _quote = _json.encode_basestring_ascii if ASCII_ONLY else _json.encode_basestring
    _json.make_encoder({}, None, _quote, None, ": ", ", ", False, False, True)
except (ImportError, AttributeError, TypeError):
    _json = None
    _scan = standard("json").JSONDecoder().scan_once


def decode(body, content_type):
    """The event that a handler gets; events of other types than JSON are passed on as bytes."""
    if content_type != "application/json":
        return bytes(body)
    try:
        return load(str(body, "utf-8"))
    except Exception as error:
        raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error) from None


def load(text):
    """The value of a JSON text. Raises what the json package raises."""
    try:
        value, end = _scan(text, len(text) - len(text.lstrip(WHITESPACE)))
        if end == len(text) or not text[end:].strip(WHITESPACE):
            return value
    except Exception:
        pass  # The scanner can't name what is wrong before json.decoder is imported.
    return standard("json").loads(text)


def encode(result):
    """The body and content type of a response."""
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        return dump(result).encode("utf-8"), "application/json"
    except Exception as error:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error) from None


def dump(value):
    """JSON text. Raises what the json package raises."""
    try:
        # Refuses anything but exact built-in types, far faster than looking at them here would be.
        marshal.dumps(value)
        text = _dump_plain(value)
    except (ValueError, TypeError):
        text = _dump_plain(_to_plain(value, 0))
    if _mark and _mark in text:
        text = text.replace('"' + _mark, "").replace(_mark + '"', "")
    return text


def _dump_plain(value):
    if _json is None:
        return standard("json").dumps(value, ensure_ascii=ASCII_ONLY, default=_default)
    encoder = _json.make_encoder({}, _default, _quote, None, ": ", ", ", False, False, True)
    return "".join(encoder(value, 0))


def _to_plain(value, depth):
    """Named tuples as objects, names of bytes as text. The limit leaves circles to the encoder, which
    names them."""
    if depth > 200:
        return value
    if isinstance(value, tuple) and callable(getattr(value, "_asdict", None)):
        value = value._asdict()
    if isinstance(value, dict):
        return {
            name.decode() if isinstance(name, bytes) else name: _to_plain(item, depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_to_plain(item, depth + 1) for item in value]
    return value


def _default(value):
    if isinstance(value, bytes):
        return value.decode()
    decimal = sys.modules.get("decimal")
    if decimal is not None and isinstance(value, decimal.Decimal):
        return float("nan") if value.is_nan() else _marked(str(value))
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


def _marked(text):
    global _mark
    if not _mark:
        import posix

        _mark = "decimal:%s:" % posix.urandom(16).hex()
    return _mark + text + _mark
