"""How a case says what differs from the good login: by overrides, applied by one rule."""

DROP = object()  # as a member's override: the member is left out
NULL = object()  # as a member's override: JSON null, or an option without data


def patched(good, override):
    """`good` with `override` applied.

    None keeps it; a function is given the good value and returns another; a dict over a dict replaces member by member
    (by this same rule, and by DROP and NULL); anything else stands in its place.
    """
    if override is None:
        return good
    if callable(override):
        return override(good)
    if isinstance(override, dict) and isinstance(good, dict):
        result = dict(good)
        for name, value in override.items():
            if value is DROP:
                result.pop(name, None)
            else:
                result[name] = None if value is NULL else patched(result.get(name), value)
        return result
    return override
