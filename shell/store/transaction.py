"""Commands that run as one transaction under conditions, in a single round trip: all of them or none."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

SCRIPT = """
local at = 0
local function take() at = at + 1 return ARGV[at] end
local function take_key() return KEYS[tonumber(take())] end
local function holds()
  local op, key, name, value = take(), take_key(), take(), take()
  if op == 'always' then return true end
  if op == 'absent' then return redis.call('EXISTS', key) == 0 end
  local found = redis.call('HGET', key, name) or ''
  if op == 'equals' then return found == value end
  if op == 'differs' then return found ~= value end
  return (tonumber(found) or 0) <= tonumber(value)
end
local function next_due(due, all, lane)
  local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
  if first[1] then redis.call('ZADD', all, first[2], lane) else redis.call('ZREM', all, lane) end
end
for number = 1, tonumber(take()) do
  if not holds() then return {number} end
end
local result = {0}
for _ = 1, tonumber(take()) do
  local wanted = holds()
  result[#result + 1] = wanted and 1 or 0
  for _ = 1, tonumber(take()) do
    local command, key, count = take(), take_key(), tonumber(take())
    local first = at + 1
    at = at + count
    if wanted and command == 'NEXT-DUE' then
      next_due(key, KEYS[tonumber(ARGV[first])], ARGV[first + 1])
    elseif wanted then
      redis.call(command, key, unpack(ARGV, first, at))
    end
  end
end
return result
"""
"""Every key it touches is in KEYS, as Redis asks for; ARGV names a key by its place there."""

Condition = tuple[str, str, str, str]
ALWAYS: Condition = ("always", "", "", "")

_COMMANDS = frozenset(
    "DEL EXPIRE HDEL HINCRBY HSET LTRIM PERSIST RPUSH SADD SET SREM ZADD ZREM ZREMRANGEBYSCORE".split()
)
"""Commands whose only key is their first argument, so that no key goes undeclared."""


def absent(key: str) -> Condition:
    """The key does not exist."""
    return ("absent", key, "", "")


def equals(key: str, name: str, value: object) -> Condition:
    """The hash's field has this value; an absent one is the empty text."""
    return ("equals", key, name, str(value))


def differs(key: str, name: str, value: object) -> Condition:
    """The hash's field has another value, or none."""
    return ("differs", key, name, str(value))


def at_most(key: str, name: str, value: int) -> Condition:
    """The hash's field is no larger number than this."""
    return ("at most", key, name, str(value))


class Result(NamedTuple):
    """How a transaction ended."""

    failed: int
    """The number of the first guard that did not hold, so that nothing was done; 0: all held."""
    done: list[bool]
    """For each block whether its condition held, so that its commands ran."""


@dataclass
class Transaction:
    """Commands in the making."""

    client: Any = field(repr=False)
    script: Any = field(repr=False)
    """`SCRIPT`, registered with this client."""
    guards: list[Condition] = field(default_factory=list)
    _blocks: list[tuple[Condition, Any]] = field(default_factory=list)
    _keys: dict[Any, int] = field(default_factory=dict)

    def require(self, condition: Condition) -> None:
        """Add a guard: nothing at all is done unless it holds."""
        self.guards.append(condition)

    def block(self, condition: Condition = ALWAYS) -> Any:
        """A pipeline whose commands run if the condition holds when its turn comes."""
        pipe = self.client.pipeline(transaction=True)
        pipe.multi()
        self._blocks.append((condition, pipe))
        return pipe

    def note_next_due(self, due: str, all_due: str, lane: str) -> None:
        """Bring the lane's place in `all_due` up to date with the earliest of its `due`."""
        self.block().execute_command("NEXT-DUE", due, all_due, lane)

    def run(self) -> Result:
        """Run it all, unless a guard does not hold."""
        words: list[Any] = [len(self.guards)]
        for guard in self.guards:
            words += self._condition(guard)
        words.append(len(self._blocks))
        for condition, pipe in self._blocks:
            words += [*self._condition(condition), len(pipe.command_stack)]
            for command, _ in pipe.command_stack:
                words += self._command(*command)
        failed, *done = self.script(keys=list(self._keys), args=words)
        return Result(int(failed), [bool(one) for one in done])

    def _condition(self, condition: Condition) -> list[Any]:
        op, key, name, value = condition
        return [op, self._key(key) if key else 0, name, value]

    def _command(self, name: str, key: Any, *args: Any) -> list[Any]:
        if name == "NEXT-DUE":
            args = (self._key(args[0]), *args[1:])
        elif name not in _COMMANDS or (name == "DEL" and args):
            raise ValueError(f"which keys {name} touches is not known here, so they cannot be declared")
        return [name, self._key(key), len(args), *args]

    def _key(self, key: Any) -> int:
        """Its place in KEYS, counted from 1."""
        return self._keys.setdefault(key, len(self._keys) + 1)
