"""Keys by scope, fresh idempotency keys, and one check of our own."""

import itertools
import os
import pathlib

import schemathesis

KEYS = dict(line.split() for line in pathlib.Path(os.environ["ST_KEYS"]).read_text().splitlines())
GRANTS = {
    "portal": {"positions:read", "positions:write", "notices:read", "payments:read"},
    "admin": {"registry:manage", "clients:manage"},
    "support": {"events:read", "events:messages"},
    "auditor": {"audit:read"},
}
COUNTER = itertools.count(1)


def role_for(scopes):
    """The first role that grants these scopes; accounting reads the rest."""
    for role, granted in GRANTS.items():
        if scopes and set(scopes) <= granted:
            return role
    return "accounting"


@schemathesis.auth(cache_by_key=lambda case, context: case.operation.label)
class Key:
    """The key of the role that an operation wants."""

    def get(self, case, context):
        definition = case.operation.definition.raw
        return KEYS[role_for(definition.get("x-required-scopes", []))]

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def filter_case(context, case):
    """What is no text cannot be sent as text: on the wire it is another text."""
    text = (case.media_type or "").startswith("text/")
    return not text or isinstance(case.body, (str, bytes, schemathesis.core.NotSet))


@schemathesis.hook
def before_call(context, case, kwargs):
    """The same key with another body is rightly refused: each well-formed call gets its own."""
    if is_positive(case) and case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"generated-{next(COUNTER):08}"


@schemathesis.check
def well_formed_input_is_not_blamed(ctx, response, case):
    """What the contract allows is never called a violation of the contract."""
    if is_positive(case) and response.status_code in (400, 422):
        kind = response.json().get("type", "")
        blamed = response.status_code == 400 or kind.endswith("/contract-violation")
        assert not blamed, response.text
