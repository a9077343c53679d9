"""Many commands as one: under conditions, all or nothing, in one journey to the store."""

from dataclasses import dataclass, field
from typing import Any

# A pseudo command keeps the lane's earliest due moment in step with its outbox.
NEXT_DUE = "NEXT-DUE"

_SCRIPT = """
local at = 0
local function take() at = at + 1 return ARGV[at] end
local function holds()
  local op, key, name, value = take(), take(), take(), take()
  if op == 'absent' then return redis.call('EXISTS', key) == 0 end
  if op == 'always' then return true end
  local there = redis.call('HGET', key, name) or ''
  if op == 'equals' then return there == value end
  if op == 'differs' then return there ~= value end
  return (tonumber(there) or 0) <= tonumber(value)
end
local function next_due(due, all, lane)
  local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
  if first[1] then redis.call('ZADD', all, first[2], lane) else redis.call('ZREM', all, lane) end
end
local function push_first(queue, id, beginning)
  for _, other in ipairs(redis.call('LRANGE', queue, 0, -1)) do
    if string.sub(other, 1, #beginning) ~= beginning then
      redis.call('LINSERT', queue, 'BEFORE', other, id)
      return
    end
  end
  redis.call('RPUSH', queue, id)
end
for number = 1, tonumber(take()) do
  if not holds() then return number end
end
for _ = 1, tonumber(take()) do
  local wanted = holds()
  for _ = 1, tonumber(take()) do
    local length = tonumber(take())
    local first = at + 1
    at = at + length
    if wanted then
      if ARGV[first] == 'NEXT-DUE' then
        next_due(ARGV[first + 1], ARGV[first + 2], ARGV[first + 3])
      elseif ARGV[first] == 'PUSH-FIRST' then
        push_first(ARGV[first + 1], ARGV[first + 2], ARGV[first + 3])
      else
        redis.call(unpack(ARGV, first, at))
      end
    end
  end
end
return 0
"""

Condition = tuple[str, str, str, str]
ALWAYS: Condition = ("always", "", "", "")


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


@dataclass
class Transaction:
    """Commands in the making."""

    client: Any = field(repr=False)
    guards: list[Condition] = field(default_factory=list)
    blocks: list[tuple[Condition, Any]] = field(default_factory=list)

    def block(self, condition: Condition = ALWAYS) -> Any:
        """A pipeline whose commands are done if the condition holds when its turn comes."""
        pipe = self.client.pipeline(transaction=True)
        pipe.multi()
        self.blocks.append((condition, pipe))
        return pipe

    def run(self) -> int:
        """Do it all; 0 if it was done, else the number of the guard that did not hold."""
        words: list[Any] = [len(self.guards)]
        for guard in self.guards:
            words += guard
        words.append(len(self.blocks))
        for condition, pipe in self.blocks:
            words += [*condition, len(pipe.command_stack)]
            for args, _ in pipe.command_stack:
                words += [len(args), *args]
        return int(self.client.eval(_SCRIPT, 0, *words))


def next_due(pipe: Any, due: str, all_due: str, lane: str) -> None:
    """Into a block: note when the lane's next action is due."""
    pipe.execute_command(NEXT_DUE, due, all_due, lane)
