"""Many deliveries of one rule, sent together where the system takes many rows a call and answers for each.

The route: deliveries -> `placing` -> rows that are there read again and compared (`comparing`) -> everything written down
-> a few calls at once (or a bulk job, `jobs`) -> each answer to its own delivery (`accepting`): one that was refused
waits for its person, its neighbours are done. Threads make calls and nothing else.

While calls are under way the next deliveries are placed, so that neither waits for the other. Two things keep their
order: rows that are there are read only when the calls before have ended, and nothing is written down before its own
calls are made. What was edited or given up by then is left to the next turn.

What was written is not read back: the next pull finds it equal to the base. New rows go under a key that is the
record's for ever: where the answer to a batch was lost they are looked for by it before any of them is sent again, for
whoever works there may have changed them since.
"""

from collections.abc import Sequence
from concurrent.futures import Executor, Future

from django.conf import settings
from django.db import transaction

from integrations.connectors.errors import RemoteError, Who
from integrations.models import Delivery
from integrations.push import accepting, comparing, jobs, outcomes, placing, storing
from integrations.push.accepting import Answer
from integrations.push.placing import Item, Placed
from integrations.push.removing import remove
from integrations.push.sending import Sender
from integrations.push.slices import PORTION, sliced

State = Delivery.State
Answers = list[Answer] | RemoteError
"""What one call says of its rows, or why it failed as a whole."""
Called = tuple[Sequence[Item], Answers]


class Batch:
    """Sends the deliveries of one sender's rule together; `pool` makes the calls that go at once."""

    def __init__(self, sender: Sender, pool: Executor) -> None:
        self.sender, self.pool = sender, pool
        self.calls: list[tuple[Sequence[Item], Future[Answers]]] = []
        """Those under way."""
        self.has_arrived = False

    def send(self, deliveries: Sequence[Delivery]) -> bool:
        """Bring them on; what is under way then is waited for by the next `send`, or by `finish`.

        False when the connection should be left alone for now. Raises LeaseLost.
        """
        if deliveries[0].job:
            return self.finish() and self._ask(deliveries)
        try:
            placing.find_lost(self.sender, deliveries)
        except RemoteError as error:
            return _failed([one for one in deliveries if one.state == State.UNKNOWN], error)
        with storing.together():
            placed = placing.place(self.sender, deliveries)
        return (placed.is_new or self.finish()) and self._send(placed)

    def finish(self) -> bool:
        """Wait for the calls under way and note what they say. Whether the connection may go on.

        What waited for something that has arrived since goes on as well.
        """
        goes_on = self._note(self._ended())
        if self.has_arrived:
            outcomes.go_on(self.sender.rule.connection)
            self.has_arrived = False
        return goes_on

    def _send(self, placed: Placed) -> bool:
        if not self._take_away(placed):
            return False
        try:
            items = comparing.compare(self.sender, placed.items, self.pool)
        except RemoteError as error:
            return _failed([item.delivery for item in placed.items], error)
        if not items:
            return True
        if len(items) > settings.WRITE_IN_BULK_ABOVE and self.sender.side.write.bulk:
            return self.finish() and self._in_jobs(items)
        return self._call(items)

    def _call(self, items: Sequence[Item]) -> bool:
        """As few calls as there can be, a few at once. After a failure nothing more is sent before it is noted."""
        before = self._ended()
        if any(isinstance(answers, RemoteError) for _, answers in before):
            if not self._note(before):
                return False
            before = []
        begun = self._write_down(items)
        for operation in Delivery.Operation:
            some = [item for item in begun if item.operation == operation]
            for part in sliced(some, self.sender.side.write.batch):
                self.calls.append((part, self.pool.submit(self._answers, part)))
        return self._note(before)

    def _take_away(self, placed: Placed) -> bool:
        """Rows of records that were taken away here, one by one: they are rare. Whether the connection may go on."""
        for delivery, record, link in placed.leaving:
            if not self.sender.side.to_remove(record, link):
                outcomes.close(delivery, State.NOT_NEEDED, "It is taken away there already.", reason="same")
                continue
            try:
                remove(self.sender, delivery, record, link)
            except RemoteError as error:
                if not outcomes.failed(delivery, error):
                    return False
        return True

    def _write_down(self, items: Sequence[Item]) -> list[Item]:
        """Before the call, in one transaction a portion that proves the lease. Returns those that may be sent."""
        begun: list[Item] = []
        for portion in sliced(items, PORTION):
            with transaction.atomic():
                self.sender.renew()
                standing = storing.standing([item.delivery for item in portion])
                some = [item for item in portion if item.delivery.pk in standing]
                for item in some:
                    item.delivery.external_id = item.link.external_id if item.link else ""
                outcomes.begin_together(
                    [(item.delivery, item.operation, item.body, item.values) for item in some]
                )
            begun += some
        return begun

    def _answers(self, items: Sequence[Item]) -> Answers:
        """One call, by a thread of the pool."""
        side = self.sender.side
        writings = [placing.writing_of(side, item.delivery, item.body) for item in items]
        try:
            return self.sender.connector.write_many(side.declared, writings)
        except RemoteError as error:
            return error

    def _ended(self) -> list[Called]:
        """What was under way, with its answers; nothing is afterwards."""
        ended = [(items, call.result()) for items, call in self.calls]
        self.calls.clear()
        return ended

    def _note(self, ended: Sequence[Called]) -> bool:
        """What calls said. Those that failed as a whole for one reason are one failure."""
        failed: dict[str, tuple[RemoteError, list[Delivery]]] = {}
        answered: list[tuple[Delivery, Answer]] = []
        for items, answers in ended:
            deliveries = [item.delivery for item in items]
            if isinstance(answers, RemoteError):
                failed.setdefault(answers.reason, (answers, []))[1].extend(deliveries)
            else:
                answered += zip(deliveries, answers, strict=True)
        goes_on = self._take(answered)
        for error, lost in failed.values():
            goes_on = outcomes.failed_together(lost, error) and goes_on
        return goes_on

    def _in_jobs(self, items: Sequence[Item]) -> bool:
        return jobs.begin(self.sender, self._write_down(items))

    def _ask(self, deliveries: Sequence[Delivery]) -> bool:
        """The outcome of a bulk job, if it is over."""
        try:
            answers = jobs.ask(self.sender, deliveries)
        except RemoteError as error:
            return error.who is not Who.RETRY_LATER and outcomes.failed_together(deliveries, error)
        if answers is None:
            return True
        return self._take(list(zip(deliveries, answers, strict=True)))

    def _take(self, answered: Sequence[tuple[Delivery, Answer]]) -> bool:
        self.has_arrived = self.has_arrived or any(isinstance(answer, str) for _, answer in answered)
        return accepting.note(self.sender, answered)


def _failed(deliveries: Sequence[Delivery], error: RemoteError) -> bool:
    """Of some it is not known whether they are there: they stay so, and no reading may meet their rows first."""
    unsure = [one for one in deliveries if one.state == State.UNKNOWN]
    others = [one for one in deliveries if one.state != State.UNKNOWN]
    return all([outcomes.failed_together(group, error) for group in (unsure, others) if group])
