"""What a client knows of its resources when the daemon may be killed at any moment.

A world is {key: document}: a key is a tuple that begins with the kind of resource, a document what the API
shows of it. While a call is in flight two worlds may be true, and none between them."""

import random

import botocore.exceptions

# In a key, for the name that only the service knows before it has answered.
NEW = "(new)"


def missing(document, shown):
    """Members of the document that are not shown so."""
    return {name: value for name, value in document.items() if name not in shown or shown[name] != value}


def find(key, document, rest):
    """The key that stands for it among those that are left."""
    if NEW not in key:
        return key if key in rest else None
    same = [
        other
        for other in rest
        if len(other) == len(key) and all(part in (NEW, found) for part, found in zip(key, other))
    ]
    return next((other for other in same if not missing(document, rest[other])), None)


def differences(world, shown):
    """What tells them apart, as lines; none when the daemon shows exactly this world."""
    lines, rest = [], dict(shown)
    for key in sorted(world, key=lambda key: NEW in key):
        found = find(key, world[key], rest)
        if found is None:
            lines.append(f"{key} is lost: {world[key]}")
        elif missing(world[key], rest[found]):
            lines.append(f"{key} is {rest[found]}, not {missing(world[key], rest[found])}")
        rest.pop(found, None)
    return lines + [f"{key} is there: {document}" for key, document in rest.items()]


def changed(world, changes):
    """The world with other documents; None for what is gone."""
    after = {**world, **changes}
    return {key: document for key, document in after.items() if document is not None}


class Owner:
    """Changes resources that nobody else does, one call after the other, until the daemon is gone."""

    steps = ()  # methods, each of which makes at most one change
    busy = ("ResourceConflictException",)  # a change comes while the last one still goes on

    def __init__(self, name):
        self.name = name
        self.world = {}
        self.in_flight = None  # (operation, the world when it was carried out after all)
        self.current = None  # the step that is being made
        self.acknowledged = set()  # steps
        self.random = random.Random(name)

    def connect(self, clients):
        """New clients: the daemon's port is another one after each start."""
        self.clients = clients

    def set_up(self):
        """What the steps need, once."""

    def run(self, stop):
        while not stop.is_set():
            try:
                self.current = self.random.choice(self.steps)
                self.current(self)
            except botocore.exceptions.ClientError:
                raise
            except botocore.exceptions.BotoCoreError:
                return  # the daemon is gone

    def change(self, call, members, changes, answered=None):
        """One call. `changes` is what it would do; `answered` makes of the answer what it has done, where the
        answer says more. Gives the answer, None when it was refused."""
        self.in_flight = (call.__name__, changed(self.world, changes))
        try:
            answer = call(**members)
        except botocore.exceptions.ClientError as error:
            self.in_flight = None
            if error.response["Error"]["Code"] in self.busy:
                return None
            raise
        self.world = changed(self.world, answered(answer) if answered else changes)
        self.in_flight = None
        self.acknowledged.add(self.current)
        return answer

    def never_done(self):
        """Names of the steps whose change was never answered."""
        return [step.__name__ for step in set(self.steps) - self.acknowledged]

    def documents(self, kind):
        return {key[1:]: document for key, document in self.world.items() if key[0] == kind}

    def pick(self, kind):
        """The rest of the key of one of a kind, or None."""
        found = sorted(self.documents(kind))
        return self.random.choice(found) if found else None

    def word(self):
        return f"{self.random.getrandbits(40):x}"

    def check(self, shown):
        """Compares with what the daemon shows, which is the world from now on."""
        lines = differences(self.world, shown)
        if lines and self.in_flight:
            operation, after = self.in_flight
            others = differences(after, shown)
            lines = others and [*lines, f"with {operation}, which was in flight:", *others]
        assert not lines, "\n".join([self.name, *lines])
        self.world, self.in_flight = shown, None
