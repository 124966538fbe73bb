"""The mutants: what each removes, where, and which tests must fail without it."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_MARKED = re.compile(r"(?:#|--) mutant: ([a-z0-9-]+(?:, [a-z0-9-]+)*)$")


@dataclass(frozen=True, slots=True)
class Mutant:
    """Lines of `file`, a path below src/rekindle, that carry the comment `mutant: MARKER` become
    `becomes`.

    The comment is at the end of the line that the promise depends on, so that the mutant still
    finds the line after it is reworded. `becomes` is the new line without its indentation; if it is
    empty, the line is removed. `tests` are node ids below tests/, without the server's name; every
    one of them must fail.
    """

    name: str
    file: str
    marker: str
    becomes: str
    tests: tuple[str, ...]

    def mutated(self) -> str:
        """The file's text with the change made.

        Raises:
            ValueError: no line carries the marker.
        """
        changed: list[str] = []
        found = 0
        for line in (ROOT / "src/rekindle" / self.file).read_text(encoding="utf-8").splitlines():
            if self.marker in markers(line):
                found += 1
                indent = line[: len(line) - len(line.lstrip())]
                changed += [indent + part for part in self.becomes.splitlines()]
            else:
                changed.append(line)
        if not found:
            raise ValueError(f"{self.name}: no line of {self.file} carries `mutant: {self.marker}`")
        return "\n".join(changed) + "\n"


def markers(line: str) -> list[str]:
    """The markers that a line carries; several are separated by commas."""
    match = _MARKED.search(line)
    return [] if match is None else [name.strip() for name in match[1].split(",")]


_TRANSITIONS = "database/test_ledger_transitions.py::"
_RECORD = "database/test_ledger_record.py::"
_SWEEP = "database/test_ledger_sweep.py::"
_TRUST = "database/test_backtest_trust.py::"
_BACK = "database/test_look_back.py::test_a_push_is_looked_back_at_"
_TICKS = "database/test_ticks.py::"
_LOCKS = "database/test_ledger_locks.py::"
_CLAIM = "database/test_ledger_claim.py::"
_RESEND = "database/test_resend.py::"
_ACCESS = "unit/test_access.py::"
_ERASE = "database/test_erase.py::"
_ERASE_ROUTES = "database/test_erase_routes.py::"
_SAVED = (
    "acceptance/api/test_reading.py::test_a_saved_backtest_is_what_the_command_line_wrote_and_no_limited_key_reads_it"
)
_AUDIT = "database/test_audit.py::"
_RATES = "unit/test_rates.py::"
_EVERY = "acceptance/api/test_every_route.py::"
_KEYS = "database/test_keys.py::"
_EVENT = "database/test_event.py::"
_RECORD_KEY = "database/test_ledger_key.py::"
_DISPATCH = "database/test_dispatch.py::"
_ADDRESS = "unit/test_address.py::"
_NAMES = "database/test_occurrence_names.py::"
_OVERRIDES = "database/test_overrides.py::"
_GUARD = "database/test_guard.py::"
_LAST_LOOK = "database/test_last_look.py::"
_LOOKED_AFTER = (
    "database/test_looking_after.py::"
    "test_people_of_these_organisations_are_named_with_what_they_got_and_when_they_were_active"
)
_HELPS = "acceptance/console/test_helps.py::"
_PAGES = "acceptance/console/test_runs.py::"
_PEOPLE = "acceptance/console/test_people.py::"
_TODAY = "acceptance/console/test_today.py::"
_SCENARIOS = "acceptance/console/test_scenarios.py::"
_PLAN = "acceptance/console/test_plan.py::"
_CONSOLE = "acceptance/console/test_sign_in.py::"
_ISSUER = "acceptance/console/test_issuer.py::"
_CONFIRM = "acceptance/console/test_confirm.py::"
_OPERATING = "acceptance/console/test_operating.py::"
_HOURS = "property/test_hours.py::"
_RENAME = "database/test_rename.py::test_"
_RENAMED_AT_ANY_MOMENT = "property/test_rename.py::test_a_push_counts_whatever_the_scenario_was_called"
_FUNCTIONS = "postgres/migrations/20261123090000_functions.sql"
_MEMBERSHIPS = (
    "property/test_memberships.py::test_one_place_counts_for_each_person_and_every_statement_chooses_the_same"
)
_OWNER = "database/test_token_owner.py::"
_EVALUATE = "database/test_evaluate_"
_DAYS = "database/test_evaluate_onboarding_date.py::"
_SESSION = "database/test_session.py::"
_CANCELLED = "database/test_cancellation.py::"
_IDLE = "faults/test_idle_connections.py::"
_INSTALLATION = "database/test_installation.py::"
_TRANSPORT = "contract/test_fcm_transport.py::"
_FUNCTION = "contract/test_supabase_function.py::"
_TELEMETRY = "acceptance/test_telemetry.py::"
_BREAKER = "faults/test_breaker.py::"
_SIGN_IN = "contract/test_sign_in.py::"
_TOKENS = _SIGN_IN + "test_any_other_token_is_refused_and_not_quoted"
_SIGN_IN_CLAIMS = "unit/test_sign_in.py::"
_FORMER_HOLDER = _TRANSITIONS + "test_every_write_of_a_former_holder_changes_nothing"
_LEFT_TO_IT = _LOCKS + "test_a_unit_that_another_run_takes_over_at_the_same_moment_is_left_to_that_run"
_UNITS_FIRST = _LOCKS + "test_an_operator_who_settles_waits_for_the_units_before_taking_the_gate"
_UNITS_IN_ORDER = _LOCKS + "test_units_are_locked_in_the_order_of_their_key_in_whatever_order_they_are_given"
_GATES_IN_ORDER = _LOCKS + "test_gates_are_locked_in_the_order_of_their_key"
_AFTER_THE_WAIT = _LOCKS + "test_a_cooldown_counts_from_after_the_wait_for_the_gate"


def _sql(name: str) -> str:
    return f"postgres/sql/{name}.sql"


def _kind(name: str) -> str:
    return f"scenario/kinds/{name}.sql"


ARM = (
    Mutant(
        "units are sent without arming them",
        "engine/dispatch.py",
        "arm",
        "verdicts = {(unit.claim_id, unit.device_id): 'armed' for unit in units}",
        (_DISPATCH + "test_a_message_leaves_only_after_its_arming_is_committed",),
    ),
    Mutant(
        "arming is not waited for",
        "engine/dispatch.py",
        "arm",
        "self._group.create_task(self._arm(units))\n"
        "verdicts = {(unit.claim_id, unit.device_id): 'armed' for unit in units}",
        (_DISPATCH + "test_a_message_leaves_only_after_its_arming_is_committed",),
    ),
    Mutant(
        "arming is not committed",
        "postgres/store.py",
        "commit",
        "async with self._database.snapshot(timeout_seconds=30) as connection:\n"
        '    cursor = await connection.execute(statement("arm", kinds=kinds, **self._optional_views), parameters)\n'
        "    rows = await cursor.fetchall()",
        (_DISPATCH + "test_a_message_leaves_only_after_its_arming_is_committed",),
    ),
    Mutant(
        "arming changes no state",
        _sql("arm"),
        "arming-changes-the-state",
        "set state = o.state,",
        (_TRANSITIONS + "test_a_unit_is_armed_once",),
    ),
    Mutant(
        "what another writer has recorded is armed",
        _sql("arm"),
        "recorded-elsewhere",
        "when false then 'already_recorded'",
        (_TRANSITIONS + "test_a_unit_whose_key_another_writer_has_recorded_is_not_armed_and_ends_skipped",),
    ),
    Mutant(
        "a process that was stopped after arming sends",
        "engine/dispatch.py",
        "stood-still",
        "if False:",
        (_DISPATCH + "test_a_process_that_was_stopped_after_arming_sends_nothing_and_the_units_wait",),
    ),
    Mutant(
        "arming continues after its deadline in the run",
        "engine/dispatch.py",
        "deadline",
        "",
        ("acceptance/cli/test_run.py::test_a_run_ends_within_its_budget_with_3_and_the_next_ones_carry_on",),
    ),
)

FENCE = (
    Mutant(
        "arm without the epoch",
        _sql("arm"),
        "arm-by-epoch",
        "",
        (_TRANSITIONS + "test_a_unit_is_not_taken_over_before_its_lease_is_over_and_then_by_one_run_only",),
    ),
    Mutant("retry without the epoch", _sql("retry"), "epoch", "", (f"{_FORMER_HOLDER}[retry]",)),
    Mutant("hold without the epoch", _sql("hold"), "epoch", "", (f"{_FORMER_HOLDER}[hold]",)),
    Mutant("finish without the epoch", _sql("finish"), "epoch", "", (f"{_FORMER_HOLDER}[finish]",)),
    Mutant("record without the epoch", _sql("record"), "epoch", "", (f"{_FORMER_HOLDER}[record]",)),
    Mutant(
        "record of a closed unit without the epoch",
        _sql("record"),
        "epoch-of-a-closed-unit",
        "",
        (_RECORD + "test_the_epoch_of_a_closed_unknown_fences_a_late_answer",),
    ),
    Mutant(
        "a lease that does not raise the epoch",
        _sql("lease"),
        "raise-the-epoch",
        "epoch = o.epoch,",
        (
            _TRANSITIONS + "test_a_unit_is_not_taken_over_before_its_lease_is_over_and_then_by_one_run_only",
            f"{_FORMER_HOLDER}[record]",
        ),
    ),
    Mutant(
        "a lease takes what is armed",
        _sql("lease"),
        "never-what-is-armed",
        "where o.state in ('claimed', 'retry', 'dispatching')",
        (_TRANSITIONS + "test_an_armed_recorded_or_unknown_unit_is_never_leased_again",),
    ),
    Mutant(
        "a lease takes what another run holds",
        _sql("lease"),
        "only-what-is-free",
        "",
        (_TRANSITIONS + "test_a_unit_is_not_taken_over_before_its_lease_is_over_and_then_by_one_run_only",),
    ),
    Mutant(
        "the sweep frees a gate that another claim has won meanwhile",
        _sql("sweep_gates"),
        "the-same-claim",
        "",
        (_SWEEP + "test_a_sweep_that_waits_for_a_gate_does_not_free_the_claim_that_won_it_meanwhile",),
    ),
    Mutant(
        "the sweep gives armed units back",
        _sql("sweep_dispatching"),
        "never-given-back",
        "set state = case when lost.again then 'retry' else 'claimed' end,",
        (_SWEEP + "test_an_armed_unit_whose_lease_is_over_becomes_unknown_and_never_claimed_again",),
    ),
    Mutant(
        "an operator settles without the locks",
        "postgres/settle.py",
        "locks",
        "",
        ("database/test_settle.py::test_a_device_that_is_recorded_while_another_is_being_settled_keeps_its_cooldown",),
    ),
)

LOCKS = (
    *(
        Mutant(f"{name} does not lock its units", _sql(name), marker, "", (f"{_LEFT_TO_IT}[{name}]",))
        for name, marker in (
            ("arm", "lock"),
            ("retry", "lock"),
            ("hold", "lock"),
            ("finish", "lock-units"),
            ("record", "lock-units"),
            ("release", "lock"),
            ("lease", "lock"),
            ("sweep_dispatching", "lock"),
            ("sweep_unknown", "lock-units"),
            ("sweep_stale", "lock-units"),
        )
    ),
    Mutant(
        "record does not lock what is closed",
        _sql("record"),
        "lock-outcomes",
        "",
        (_LOCKS + "test_a_late_answer_to_an_unknown_that_is_settled_at_the_same_moment_is_stale",),
    ),
    *(
        Mutant(f"{name} does not lock its gates", _sql(name), "lock-gates", "", (f"{_GATES_IN_ORDER}[{name}]",))
        for name in ("finish", "record", "sweep_unknown", "sweep_stale")
    ),
    Mutant(
        "the sweep waits for a gate that is being written",
        _sql("sweep_gates"),
        "lock",
        "",
        (_LOCKS + "test_the_sweep_does_not_wait_for_a_gate_that_is_being_written",),
    ),
    Mutant(
        "a run that is ending is abandoned",
        _sql("runs_lost"),
        "lock",
        "",
        (_LOCKS + "test_a_run_that_reports_its_end_at_the_same_moment_is_not_abandoned",),
    ),
    Mutant(
        "an instant of a schedule is begun again when its run's row is gone",
        _sql("tick_begin"),
        "high-water-mark",
        "where true",
        (_TICKS + "test_an_instant_is_not_begun_again_when_the_rows_of_its_runs_are_gone",),
    ),
    Mutant(
        "every worker tells of the same failed run",
        _sql("ticks_failed"),
        "told-once",
        "where due_at is not null and status in ('halted', 'not_started', 'abandoned')",
        ("database/test_alerts.py::test_a_run_that_could_not_start_is_told_once_however_often_it_is_tried",),
    ),
    Mutant(
        "every worker tells of the same overdue schedule",
        _sql("schedules_overdue"),
        "overdue-once",
        "where true",
        ("database/test_alerts.py::test_an_overdue_schedule_is_told_once_until_it_is_begun_again",),
    ),
    Mutant(
        "an alert goes to an address inside the network",
        "alert/addresses.py",
        "public-receivers",
        "if False:",
        ("contract/test_alerts.py::test_a_receiver_that_is_not_public_is_not_connected_to[127.0.0.1]",),
    ),
    Mutant(
        "a token for another audience is accepted",
        "sign_in/tokens.py",
        "token-audience",
        'audience=["authenticated", "somebody-else"],',
        (_TOKENS + "[another audience]",),
    ),
    Mutant(
        "a token of another issuer is accepted",
        "sign_in/tokens.py",
        "token-issuer",
        "",
        (_TOKENS + "[another issuer]",),
    ),
    Mutant(
        "a token that has expired is accepted",
        "sign_in/tokens.py",
        "token-time",
        "leeway=1_000_000,",
        (
            _TOKENS + "[expired]",
            _TOKENS + "[not yet valid]",
        ),
    ),
    Mutant(
        "a token that never expires is accepted",
        "sign_in/tokens.py",
        "token-required",
        '_REQUIRED = ["iss", "aud", "sub"]',
        (_TOKENS + "[without exp]",),
    ),
    Mutant(
        "a token chooses its algorithm",
        "sign_in/tokens.py",
        "pinned-algorithms",
        "if not isinstance(algorithm, str):",
        (
            _TOKENS + "[HS256 with the PEM of the RSA key]",
            _TOKENS + "[alg none]",
        ),
    ),
    Mutant(
        "a critical header, or a token of another kind, is accepted",
        "sign_in/tokens.py",
        "token-kind",
        "if False:",
        (
            _TOKENS + "[a critical header]",
            _TOKENS + "[a token of another kind]",
        ),
    ),
    Mutant(
        "a claim that is there twice is accepted",
        "sign_in/tokens.py",
        "claim-twice",
        "",
        (_TOKENS + "[a claim twice]",),
    ),
    Mutant(
        "a key counts for another algorithm than its own",
        "sign_in/keys.py",
        "key-algorithm",
        "if one not in allowed:",
        (_SIGN_IN + "test_a_key_counts_for_the_algorithm_that_it_names_alone",),
    ),
    Mutant(
        "tokens make us ask the issuer at any rate",
        "sign_in/keys.py",
        "refetch-rate",
        "if False:",
        (_SIGN_IN + "test_an_unknown_key_is_fetched_once_and_then_at_most_every_half_minute",),
    ),
    Mutant(
        "a key that the issuer withdrew counts on",
        "sign_in/keys.py",
        "keys-age",
        "if kid not in self._keys:",
        (_SIGN_IN + "test_a_new_key_is_found_and_one_that_the_issuer_withdrew_counts_no_longer",),
    ),
    Mutant(
        "keys count for ever while the issuer is down",
        "sign_in/keys.py",
        "keys-grace",
        "if unsure or not self._keys:",
        (_SIGN_IN + "test_known_keys_count_for_an_hour_while_the_issuer_is_down",),
    ),
    Mutant(
        "an issuer's answer of any size is read",
        "sign_in/fetch.py",
        "jwks-size",
        "if False:",
        (_SIGN_IN + "test_an_issuer_that_fails_is_not_the_fault_of_the_token[is large]",),
    ),
    Mutant(
        "a claim that users write themselves gives a role",
        "scenario/sign_in.py",
        "user-metadata",
        "if False:",
        (_SIGN_IN_CLAIMS + "test_a_mistake_is_named_with_its_place_and_not_quoted[what users write]",),
    ),
    Mutant(
        "a token without a role may read",
        "sign_in/claims.py",
        "no-role",
        'scopes = scopes or ["read"]\nif False:',
        (_SIGN_IN_CLAIMS + "test_any_other_role_is_none[owner]",),
    ),
    Mutant(
        "the organisations of a token do not limit the person",
        "sign_in/claims.py",
        "token-organisations",
        "organisations = None",
        (
            _SIGN_IN + "test_a_token_of_supabase_is_a_person_limited_to_the_organisations_of_its_claims",
            _SIGN_IN_CLAIMS + "test_without_organisations_only_the_scopes_that_are_configured_see_all",
        ),
    ),
    Mutant(
        "a token without organisations sees all of them",
        "sign_in/claims.py",
        "all-organisations",
        "if True:",
        (_SIGN_IN_CLAIMS + "test_without_organisations_only_the_scopes_that_are_configured_see_all",),
    ),
    Mutant(
        "a token with an empty list of organisations is let in",
        "sign_in/claims.py",
        "organisation-ids",
        "if ids is None:",
        (_SIGN_IN_CLAIMS + "test_organisations_that_are_not_valid_are_refused_for_every_scope[organisations0]",),
    ),
    Mutant(
        "a Unix socket lets everybody in although people sign in",
        "api/server.py",
        "sign-in-needs-a-token",
        "return UNIX_SOCKET if self.keys is None else None",
        ("acceptance/api/test_sign_in.py::test_with_a_sign_in_a_unix_socket_needs_a_token_and_a_port_needs_no_key",),
    ),
    Mutant(
        "the next attempt of a tick waits for the lease of the lost run's units",
        "postgres/store.py",
        "release-the-lost",
        "pass",
        (_TICKS + "test_the_next_attempt_takes_over_what_the_lost_run_had_leased_and_not_armed",),
    ),
    Mutant(
        "a run whose process is alive is begun again under its key",
        _sql("run_lost"),
        "only-the-lost",
        "",
        (_TICKS + "test_a_key_whose_run_is_lost_is_free_for_the_next_attempt",),
    ),
    Mutant(
        "a sweep and a run's own report count the run at the same moment",
        "postgres/store.py",
        "lock-run",
        "pass",
        (_LOCKS + "test_a_run_that_is_counted_by_a_sweep_and_by_itself_at_once_is_counted_once",),
    ),
    Mutant(
        "an advisory lock that a team's query takes outlives it",
        "postgres/pool.py",
        "unlock",
        "pass",
        (
            "database/test_own_query.py::test_no_advisory_lock_that_a_query_takes_outlives_it[succeeds]",
            "database/test_own_query.py::test_no_advisory_lock_that_a_query_takes_outlives_it[fails]",
        ),
    ),
    Mutant(
        "a lock of the engine does not lock",
        _sql("lock"),
        "lock",
        "",
        (
            "database/test_locks.py::test_a_claim_that_waits_in_vain_names_the_session_that_has_the_guard",
            _GUARD + "test_two_concurrent_claims_cannot_both_be_the_last_that_the_guard_allows",
        ),
    ),
    Mutant(
        "a lock of the engine whose row is missing counts as taken",
        "postgres/locks.py",
        "known",
        "if False:",
        ("database/test_locks.py::test_a_lock_whose_row_is_missing_is_an_error_and_nothing_is_done_without_it",),
    ),
    *(
        Mutant(
            f"an operator settles without the lock on {what}",
            _sql("settle_lock"),
            marker,
            "",
            (f"{_UNITS_FIRST}[{table}]",),
        )
        for what, marker, table in (("units", "lock-units", "outbox"), ("closed units", "lock-outcomes", "outcome"))
    ),
    Mutant(
        "an operator settles without the lock on the gate",
        _sql("settle_lock"),
        "lock-gates",
        "",
        ("database/test_settle.py::test_a_device_that_is_recorded_while_another_is_being_settled_keeps_its_cooldown",),
    ),
)

ORDER = (
    # Reversed and not removed: with today's plans the input is sorted already, or sorted by chance.
    Mutant(
        "claim wins gates in the reverse order",
        _sql("claim"),
        "gates-in-order",
        "order by verdict.user_id desc",
        (f"{_GATES_IN_ORDER}[claim]",),
    ),
    *(
        Mutant(
            f"{name} locks units in the order given", _sql(name), "order-of-units", "", (f"{_UNITS_IN_ORDER}[{name}]",)
        )
        for name in ("arm", "retry", "hold", "finish", "record")
    ),
    *(
        Mutant(
            f"{name} locks gates in the reverse order",
            _sql(name),
            "order-of-gates",
            "order by user_id desc, scenario_type",
            (f"{_GATES_IN_ORDER}[{name}]",),
        )
        for name in ("finish", "record")
    ),
    *(
        Mutant(
            f"{name} locks gates in the reverse order",
            _sql(name),
            "order-of-gates",
            "order by g.user_id desc, g.scenario_type",
            (f"{_GATES_IN_ORDER}[{name}]",),
        )
        for name in ("sweep_unknown", "sweep_stale")
    ),
    Mutant(
        "a person due twice is upserted twice",
        _sql("parts/verdicts"),
        "one-row-per-person",
        "select",
        (_CLAIM + "test_several_rows_of_one_person_are_one_claim_of_one_occurrence",),
    ),
    Mutant(
        "a token registered twice is two devices",
        _sql("parts/verdicts"),
        "one-unit-per-device",
        "select",
        (_CLAIM + "test_every_device_is_a_unit_and_rows_of_the_same_token_are_one",),
    ),
)

COOLDOWN = (
    Mutant(
        "a claim wins a gate that is in flight",
        _sql("claim"),
        "gate-not-in-flight",
        "where true",
        (_LOCKS + "test_a_claim_that_saw_the_gate_open_does_not_win_it_once_it_is_shut[it is in flight]",),
    ),
    Mutant(
        "a claim wins every gate that it has waited for",
        _sql("claim"),
        "gate-open",
        "",
        (_LOCKS + "test_of_two_claims_that_both_saw_the_gate_open_one_wins",),
    ),
    Mutant(
        "a claim wins a gate that cools down",
        _sql("claim"),
        "gate-cooled-down",
        "",
        (_LOCKS + "test_a_claim_that_saw_the_gate_open_does_not_win_it_once_it_is_shut[a cooldown has begun]",),
    ),
    Mutant(
        "the cooldown counts from the claim and not from the record",
        _sql("record"),
        "cooldown-from-now",
        "set next_at = g.next_at,",
        (
            _CLAIM + "test_the_cooldown_slides_from_the_record_to_the_second",
            _RECORD + "test_an_acceptance_becomes_a_notification_a_delivery_and_a_cooldown_from_now",
        ),
    ),
    Mutant(
        "the cooldown of an unknown send counts from the claim",
        _sql("sweep_unknown"),
        "cooldown-from-now",
        "set next_at = g.next_at",
        (_SWEEP + "test_an_unknown_past_its_hold_is_closed_and_its_cooldown_counts_from_then",),
    ),
    Mutant(
        "claim reads the time before it waits",
        _sql("claim"),
        "cooldown-after-the-wait",
        "set next_at = now() + make_interval(secs => excluded.cooldown_seconds),",
        (f"{_AFTER_THE_WAIT}[claim]",),
    ),
    *(
        Mutant(
            f"{name} reads the time before it waits",
            _sql(name),
            "clock",
            f"set next_at = greatest(g.next_at, now() + make_interval(secs => l.cooldown_seconds)){comma}",
            (f"{_AFTER_THE_WAIT}[{name}]",),
        )
        for name, comma in (("record", ","), ("sweep_unknown", ""), ("sweep_stale", ""))
    ),
    Mutant(
        "the gate opens with the first of a claim's devices that is refused",
        _sql("finish"),
        "last-unit",
        "",
        (
            _TRANSITIONS
            + "test_a_gate_stays_shut_for_the_whole_cooldown_if_a_device_was_or_may_have_been_reached[order0]",
        ),
    ),
    Mutant(
        "the gate opens with the first of a claim's devices that is recorded",
        _sql("record"),
        "last-unit",
        "",
        (_RECORD + "test_a_second_device_adds_a_delivery_to_the_claims_one_notification",),
    ),
)

UNKNOWN = (
    Mutant(
        "a late answer to a held unit is lost",
        _sql("record"),
        "late-answer-held",
        "",
        (_RECORD + "test_a_late_answer_becomes_the_record_and_leaves_no_unknown[while it is held]",),
    ),
    Mutant(
        "a late answer to a closed unit is lost",
        _sql("record"),
        "late-answer-closed",
        "and false",
        (_RECORD + "test_a_late_answer_becomes_the_record_and_leaves_no_unknown[after the hold]",),
    ),
    Mutant(
        "a late answer to a unit that waits to be resent is lost",
        _sql("record"),
        "late-answer-resend",
        "",
        (
            _RESEND + "test_a_late_answer_to_the_first_send_is_recorded_while_the_second_waits_and_nothing_is_sent_"
            "again",
        ),
    ),
    Mutant(
        "what may have been accepted ends dead when it is refused later",
        _sql("finish"),
        "uncertain-ends-dead",
        "g.outcome,",
        (_RESEND + "test_a_second_send_that_is_refused_for_good_ends_unknown_and_spends_the_cooldown[dead]",),
    ),
    Mutant(
        "what may have been accepted opens its gate soon when it is refused later",
        _sql("finish"),
        "uncertain-opens-soon",
        "false,",
        (_RESEND + "test_a_second_send_that_is_refused_for_good_ends_unknown_and_spends_the_cooldown[dead]",),
    ),
    Mutant(
        "a message that the provider never takes is tried every hour for ever",
        _sql("finish"),
        "refused-for-good",
        "%(refused_seconds)s)",
        (_TRANSITIONS + "test_an_occurrence_that_is_refused_for_good_again_and_again_waits_twice_as_long_each_time",),
    ),
    Mutant(
        "what may have been accepted ends dead when it is stale",
        _sql("sweep_stale"),
        "uncertain-ends-dead",
        "'dead',",
        (_RESEND + "test_a_resend_that_waits_beyond_its_relevance_ends_unknown_and_not_dead",),
    ),
    Mutant(
        "an uncertain send is sent a third time",
        _sql("hold"),
        "sent-twice-at-most",
        "",
        (_RESEND + "test_the_second_uncertain_send_is_the_last_one",),
    ),
    Mutant(
        "a lost worker's send is sent a third time",
        _sql("sweep_dispatching"),
        "sent-twice-at-most",
        "",
        (_RESEND + "test_the_first_send_of_a_worker_that_is_lost_meanwhile_is_sent_once_more",),
    ),
)

PROVIDER = (
    Mutant(
        "the breaker does not stop a run",
        "engine/dispatch.py",
        "breaker",
        "True",
        (_BREAKER + "test_with_the_usual_concurrency_a_wrong_project_costs_no_more_than_one_batch",),
    ),
    Mutant(
        "the breaker does not keep tokens",
        "engine/record.py",
        "breaker-keeps-tokens",
        "prune = True",
        (
            _BREAKER + "test_credentials_of_another_project_halt_the_run_after_a_few_sends_and_disable_no_token"
            "[wrong sender]",
        ),
    ),
    Mutant(
        "a halted run disables tokens",
        "engine/breaker.py",
        "halted-keeps-tokens",
        "if False:",
        ("unit/test_breaker.py::test_once_halted_no_token_is_disabled_any_more",),
    ),
    Mutant(
        "a unit that was never sent disables its token",
        _sql("finish"),
        "never-sent-disables",
        "",
        (_TRANSITIONS + "test_a_unit_that_was_never_sent_disables_no_token",),
    ),
    Mutant(
        "a message leaves after its deadline",
        "dispatchers/fcm/connections.py",
        "body-after-its-time",
        "if False:",
        (_TRANSPORT + "test_a_body_that_is_read_after_its_deadline_never_leaves",),
    ),
    Mutant(
        "the HTTP client may send a request again",
        "dispatchers/fcm/connections.py",
        "single-body",
        ".body_bytes(content)",
        (_TRANSPORT + "test_a_stream_that_the_server_did_not_take_may_be_tried_again_but_not_by_the_client[go_away]",),
    ),
)

FUNCTION = (
    Mutant(
        "a message that the function does not answer for is tried again",
        "dispatchers/supabase_function/answer.py",
        "function-missing-result",
        'return Refused(Disposition.RETRY, "missing_result")',
        (_FUNCTION + "test_exactly_the_messages_without_a_proper_result_are_uncertain[one in the middle is missing]",),
    ),
    Mutant(
        "a result may belong to another claim",
        "dispatchers/supabase_function/answer.py",
        "function-other-claim",
        "if False:",
        (_FUNCTION + "test_exactly_the_messages_without_a_proper_result_are_uncertain[a claim of another]",),
    ),
    Mutant(
        "a batch whose function ran out of time is tried again",
        "dispatchers/supabase_function/answer.py",
        "function-timeout",
        'return Refused(Disposition.RETRY, "function_timeout")',
        (_FUNCTION + "test_an_unclear_answer_leaves_the_whole_batch_uncertain_and_sends_nothing_again[504]",),
    ),
    Mutant(
        "a batch whose function was killed is tried again",
        "dispatchers/supabase_function/answer.py",
        "function-killed",
        'return Refused(Disposition.RETRY, "function_killed")',
        (_FUNCTION + "test_an_unclear_answer_leaves_the_whole_batch_uncertain_and_sends_nothing_again[546]",),
    ),
    Mutant(
        "a batch that had left when its connection broke is tried again",
        "dispatchers/supabase_function/call.py",
        "function-body-left",
        "pass",
        (_FUNCTION + "test_an_unclear_answer_leaves_the_whole_batch_uncertain_and_sends_nothing_again[a reset]",),
    ),
    Mutant(
        "a batch leaves after its deadline",
        "dispatchers/supabase_function/call.py",
        "function-after-its-time",
        "if False:",
        (_FUNCTION + "test_no_part_of_a_batch_leaves_after_its_deadline",),
    ),
    Mutant(
        "an answer may have any size",
        "dispatchers/supabase_function/call.py",
        "function-answer-size",
        "if False:",
        (_FUNCTION + "test_an_unclear_answer_leaves_the_whole_batch_uncertain_and_sends_nothing_again[too large]",),
    ),
)

POLICY = (
    Mutant(
        "the cap is not checked when the claim wins",
        _sql("claim"),
        "cap-fits",
        "",
        (_OVERRIDES + "test_a_cap_is_checked_by_the_rules_of_the_claim_and_not_by_those_of_the_previous_one",),
    ),
    Mutant(
        "a claim that wins the gate and not the cap keeps the gate",
        "postgres/claims.py",
        "undo",
        "if False:",
        (_OVERRIDES + "test_a_cap_is_checked_by_the_rules_of_the_claim_and_not_by_those_of_the_previous_one",),
    ),
    Mutant(
        "a claim by occurrence takes the key of the day",
        _sql("parts/key_of_claim"),
        "key-of-the-claim",
        "case when false",
        (_RECORD_KEY + "test_two_occurrences_of_one_day_are_both_recorded_if_the_key_includes_the_occurrence",),
    ),
    Mutant(
        "a second occurrence of a day is refused although the key includes the occurrence",
        _sql("parts/refusals/already_today"),
        "key-of-today",
        "when false",
        (_RECORD_KEY + "test_another_writer_of_the_key_of_an_occurrence_stops_only_that_occurrence",),
    ),
    *(
        Mutant(what, f"scenario/kinds/event/{file}.sql", marker, becomes, (_EVENT + test,))
        for what, file, marker, becomes, test in (
            (
                "an event that has begun is due",
                "candidates",
                "event-not-begun",
                "",
                "test_a_push_that_quiet_hours_hold_is_never_sent_after_the_event_has_begun",
            ),
            (
                "an event that moves a little is told again",
                "candidates",
                "event-keeps-its-name",
                "where e.starts_at = push.starts_at",
                "test_two_shifts_of_one_day_are_each_told_twice_and_one_that_moves_only_if_it_moves_far",
            ),
            (
                "a push of an early threshold spends the later ones",
                "candidates",
                "threshold-of-the-push",
                "",
                "test_two_shifts_of_one_day_are_each_told_twice_and_one_that_moves_only_if_it_moves_far",
            ),
            (
                "a person is told the old time of an event that was moved since the claim",
                "no_longer_due",
                "event-moved",
                "",
                "test_nothing_is_sent_about_an_event_that_is_gone_moved_or_has_begun_since_the_claim",
            ),
            (
                "a push about an event is sent although it has begun",
                "no_longer_due",
                "event-begun",
                "",
                "test_nothing_is_sent_about_an_event_that_is_gone_moved_or_has_begun_since_the_claim",
            ),
        )
    ),
    Mutant(
        "a push about an event waits although it has begun",
        _sql("claim"),
        "relevant-until",
        "null),",
        (_EVENT + "test_a_push_that_quiet_hours_hold_is_never_sent_after_the_event_has_begun",),
    ),
    Mutant(
        "the provider keeps a push about an event although it has begun",
        "engine/compose.py",
        "ttl-until-the-end",
        "return self.ttl_seconds",
        (_EVENT + "test_a_push_that_quiet_hours_hold_is_never_sent_after_the_event_has_begun",),
    ),
    Mutant(
        "events that are over stay spent for ever",
        "scenario/kinds/event/useless.sql",
        "events-that-are-over",
        "where false",
        ("database/test_prune.py::test_an_event_is_forgotten_once_it_cannot_be_moved_so_that_its_push_would_count",),
    ),
    Mutant(
        "a person who opted out since the claim gets a push",
        _sql("arm"),
        "opted-out-since",
        "then 'armed'",
        (_LAST_LOOK + "test_a_person_who_opted_out_since_the_claim_gets_nothing[None-True]",),
    ),
    Mutant(
        "a person who is no longer due since the claim gets a push",
        _sql("arm"),
        "no-longer-due",
        "when false then void.reason",
        (
            _LAST_LOOK + "test_a_person_who_was_active_since_the_claim_gets_no_push_about_inactivity[0-False]",
            _LAST_LOOK + "test_a_person_whose_activities_fell_below_the_mark_gets_no_push_about_it[never]",
            _LAST_LOOK + "test_a_certificate_that_was_renewed_or_removed_since_the_claim_gets_no_push[removed]",
        ),
    ),
    Mutant(
        "a token reaches everybody who has ever registered it",
        _sql("parts/verdicts"),
        "one-owner",
        "where (usable_device.user_id is null) is false",
        (_OWNER + "test_the_newest_registration_owns_the_token[later]",),
    ),
    Mutant(
        "a device is sent to however long ago it was registered",
        _sql("parts/fresh"),
        "device-age",
        " or timestamptz 'infinity'",
        ("database/test_explain.py::test_a_device_that_the_limits_leave_out_says_so",),
    ),
    Mutant(
        "all devices of a person get the push although only the newest may",
        _sql("parts/newest_devices"),
        "device-count",
        "where true",
        ("property/test_claim.py::test_the_claim_decides_about_everyone_as_the_oracle_does",),
    ),
    Mutant(
        "the oldest registration owns the token",
        _sql("parts/newest_first"),
        "newest-registration",
        "registration.registered_at, registration.user_id",
        (_OWNER + "test_the_newest_registration_owns_the_token[later]",),
    ),
    Mutant(
        "a token that changed hands since the claim gets the push",
        _sql("arm"),
        "token-gone",
        "then 'armed'",
        (_OWNER + "test_a_token_that_changed_hands_since_the_claim_gets_nothing[removed]",),
    ),
    Mutant(
        "a planned activity ends an absence",
        _kind("inactivity/candidates"),
        "happened",
        "",
        (_EVALUATE + "inactivity.py::test_what_has_not_happened_and_what_means_never_is_no_activity[timestamptz]",),
    ),
    Mutant(
        "planned activities count towards a mark",
        _kind("milestone/candidates"),
        "happened",
        "",
        ("database/test_evaluate_milestone_expiry.py::test_an_activity_that_lies_ahead_or_means_never_does_not_count",),
    ),
    Mutant(
        "a person who has not joined yet is due for onboarding",
        _kind("onboarding/candidates"),
        "joined",
        "",
        (_DAYS + "test_people_who_joined_and_were_never_active_are_due_and_nobody_else",),
    ),
    Mutant(
        "a planned activity ends the onboarding",
        _kind("onboarding/candidates"),
        "never-active",
        "",
        (_DAYS + "test_people_who_joined_and_were_never_active_are_due_and_nobody_else",),
    ),
    Mutant(
        "a yearly day returns on the day itself",
        _kind("date/candidates"),
        "first-year",
        "where threshold >= yearly.days_left",
        (_DAYS + "test_a_yearly_day_is_due_on_its_local_day_or_within_a_threshold",),
    ),
    Mutant(
        "29 February always returns on 28 February",
        _FUNCTIONS,
        "leap-day",
        "then later.at::date",
        (_DAYS + "test_a_yearly_day_is_due_on_its_local_day_or_within_a_threshold",),
    ),
    Mutant(
        "a yearly day that is corrected by a day is another occasion",
        _kind("date/candidates"),
        "yearly-day-keeps-its-name",
        "and '0'",
        (_DAYS + "test_a_yearly_day_that_is_corrected_is_no_second_occasion_in_that_year[0-0-1-sent0]",),
    ),
    Mutant(
        "a push for a yearly day is sent the day after",
        _kind("date/no_longer_due"),
        "day-is-over",
        "false",
        (_DAYS + "test_just_before_sending_a_person_must_still_be_new_and_a_yearly_day_still_be_today",),
    ),
    Mutant(
        "a certificate that was renewed by a new row is due",
        _kind("expiry/candidates"),
        "renewed",
        "and false",
        (
            _EVALUATE
            + "milestone_expiry.py::test_a_certificate_that_another_of_the_same_name_outlasts_is_not_due[renewed]",
        ),
    ),
    Mutant(
        "a run continues into quiet hours",
        _sql("arm"),
        "quiet-hours-by-now",
        "then 'armed'",
        (_LAST_LOOK + "test_a_run_that_is_still_sending_when_quiet_hours_begin_stops",),
    ),
    Mutant(
        "a run continues after the hour of send_at",
        _sql("arm"),
        "send-hour-by-now",
        "",
        (_LAST_LOOK + "test_a_unit_that_is_sent_too_late_for_its_hour_waits_for_the_next_day",),
    ),
    Mutant(
        "an activity before the claim is a return",
        _FUNCTIONS,
        "back-after-the-claim",
        "when true",
        (_BACK + "once_when_its_horizon_and_a_day_are_over[timestamptz]",),
    ),
    Mutant(
        "an activity after the horizon is a return",
        _FUNCTIONS,
        "back-within-the-horizon",
        "",
        (_BACK + "once_when_its_horizon_and_a_day_are_over[timestamptz]",),
    ),
    Mutant(
        "a push is looked back at before its horizon is over",
        "postgres/sql/parts/pushes_over.sql",
        "horizon-is-over",
        "",
        (_BACK + "once_when_its_horizon_and_a_day_are_over[timestamptz]",),
    ),
    Mutant(
        "a report shows the records of every organisation to everybody",
        "postgres/sql/summary.sql",
        "own-summary",
        "",
        ("database/test_summary.py::test_each_organisation_gets_its_numbers_and_a_limited_reader_only_those",),
    ),
    Mutant(
        "the console lists the runs of every organisation to everybody",
        "console/runs.py",
        "own-runs",
        "sees=None,",
        (_PAGES + "test_a_reader_of_one_organisation_sees_its_runs_and_nothing_of_another[limited read]",),
    ),
    Mutant(
        "the console shows a run of every organisation to everybody",
        "console/runs.py",
        "own-run",
        "found = await self._engine.runs(run_id=run_id)",
        (_PAGES + "test_a_reader_of_one_organisation_sees_its_runs_and_nothing_of_another[limited read]",),
    ),
    Mutant(
        "the console finds a person of every organisation for everybody",
        "console/people.py",
        "found-person",
        "if not (await self._engine.standing(found)).known:",
        (_PEOPLE + "test_a_reader_of_one_organisation_finds_its_people_and_nobody_else[limited read]",),
    ),
    Mutant(
        "the console shows a person of every organisation to everybody",
        "console/people.py",
        "own-person-page",
        "sees = None",
        (_PEOPLE + "test_a_reader_of_one_organisation_finds_its_people_and_nobody_else[limited read]",),
    ),
    Mutant(
        "the console shows the texts of a person to everybody",
        "console/people.py",
        "texts-of-a-person",
        "if False:",
        (_PEOPLE + "test_no_page_has_a_token_and_a_text_is_shown_to_those_who_may_operate_if_they_ask",),
    ),
    Mutant(
        "the console shows the trials of every organisation to everybody",
        "console/helps.py",
        "own-helps",
        "return await self._effects.get(key, lambda: self._engine.effect())",
        (_HELPS + "test_a_limited_reader_sees_the_people_of_its_organisations_alone",),
    ),
    Mutant(
        "the console shows what it kept for another reader",
        "console/helps.py",
        "kept-for-others",
        "key = None",
        (_HELPS + "test_a_limited_reader_sees_the_people_of_its_organisations_alone",),
    ),
    Mutant(
        "the console reports on every organisation to everybody",
        "console/helps.py",
        "own-helps-report",
        "return await self._engine.report(within_seconds=days * 86_400)",
        (_HELPS + "test_the_report_has_a_base_rate_and_its_time_can_be_chosen",),
    ),
    Mutant(
        "a coordinator reads of a person who belongs to another organisation now",
        _sql("told"),
        "told-elsewhere",
        "",
        (_LOOKED_AFTER,),
    ),
    Mutant(
        "a coordinator reads of people without a phone in every organisation",
        _sql("alone"),
        "alone-elsewhere",
        "",
        (_LOOKED_AFTER,),
    ),
    Mutant(
        "the console keeps the people of one coordinator for another",
        "console/mentors.py",
        "kept-people",
        "found = await self._kept.get(0, lambda: self._look(sees))",
        (
            "acceptance/console/test_mentors.py::test_two_coordinators_do_not_get_each_others_people_where_they_are_kept",
        ),
    ),
    Mutant(
        "the console shows numbers of any age",
        "console/kept.py",
        "kept-too-long",
        "if False:",
        ("unit/test_kept.py::test_an_old_answer_is_shown_while_it_is_counted_again_and_a_very_old_one_is_not",),
    ),
    Mutant(
        "the console sends the events of a run to every reader",
        "console/live.py",
        "own-live",
        "[run] = await self._runs._engine.runs(limit=1)",
        ("acceptance/console/test_live.py::test_only_a_reader_who_sees_the_run_may_follow_it",),
    ),
    Mutant(
        "the first page shows the runs of every organisation to everybody",
        "console/today.py",
        "own-today",
        "runs = await self._engine.run_page(Filter(limit=RUNS))",
        (_TODAY + "test_a_limited_reader_sees_their_runs_and_people_and_nothing_of_the_installation[limited read]",),
    ),
    Mutant(
        "the first page counts the people of every organisation for everybody",
        "console/today.py",
        "own-reached-today",
        "reached = await self._engine.reached(days)",
        (_TODAY + "test_a_limited_reader_sees_their_runs_and_people_and_nothing_of_the_installation[limited read]",),
    ),
    Mutant(
        "a limited reader counts the people of every organisation",
        _sql("reached_by_records"),
        "own-reached",
        "where true",
        ("database/test_reached.py::test_a_limited_reader_counts_the_people_of_their_organisations_alone",),
    ),
    Mutant(
        "a run that stopped needs somebody although a later one has made up for it",
        "console/needs.py",
        "made-up-for",
        "if True:",
        (_TODAY + "test_what_the_guard_held_back_comes_first_with_its_figures_until_it_is_confirmed",),
    ),
    Mutant(
        "the console counts the pushes of every organisation for everybody",
        "console/scenarios.py",
        "own-scenario-report",
        "report = await self._report(None)",
        (_SCENARIOS + "test_a_reader_of_one_organisation_sees_its_part_and_no_number_of_everybody[limited read]",),
    ),
    Mutant(
        "the console shows the overrides of every organisation to everybody",
        "console/scenarios.py",
        "own-places",
        "places = places_of_scenario(status)",
        (_SCENARIOS + "test_a_reader_of_one_organisation_sees_its_part_and_no_number_of_everybody[limited read]",),
    ),
    Mutant(
        "the console shows the switches of every organisation to everybody",
        "console/states.py",
        "own-switches",
        "and True",
        (
            "unit/test_console_scenarios.py::test_a_limited_reader_learns_of_their_switches_and_that_it_is_off_everywhere",
        ),
    ),
    Mutant(
        "the console shows the text of a person to everybody",
        "console/scenarios.py",
        "texts-of-somebody",
        "if False:",
        (_SCENARIOS + "test_a_text_is_shown_on_both_phones_in_the_language_that_is_asked_for",),
    ),
    Mutant(
        "the console keeps one plan for all readers",
        "console/plan.py",
        "plan-for-others",
        "key = 0",
        ("unit/test_console_plan.py::test_a_plan_that_was_slow_is_kept_for_readers_of_the_same_organisations_alone",),
    ),
    Mutant(
        "the console compares for the people of every organisation",
        "console/compare.py",
        "own-comparison",
        "",
        (_PLAN + "test_only_those_who_may_operate_compare_and_a_limited_one_for_their_people",),
    ),
    Mutant(
        "a reader of the console who may only read compares configurations",
        "console/compare.py",
        "comparison-by-a-reader",
        "if False:",
        (_PLAN + "test_only_those_who_may_operate_compare_and_a_limited_one_for_their_people",),
    ),
    Mutant(
        "a configuration that is compared runs any query",
        "configuration.py",
        "foreign-query",
        "if False:",
        (_PLAN + "test_no_file_and_no_other_query_is_read",),
    ),
    Mutant(
        "a limited reader of the console switches everything",
        "console/switch.py",
        "switch-everywhere-on-a-page",
        "if False:",
        (_SCENARIOS + "test_a_limited_operator_switches_their_organisation_and_nothing_else",),
    ),
    Mutant(
        "a limited reader of the console switches another organisation",
        "console/switch.py",
        "switch-elsewhere-on-a-page",
        "if False:",
        (_SCENARIOS + "test_a_limited_operator_switches_their_organisation_and_nothing_else",),
    ),
    Mutant(
        "a reader of the console who may only read turns a switch",
        "console/switch.py",
        "switch-by-a-reader",
        "if False:",
        (_SCENARIOS + "test_a_form_with_a_mistake_or_without_its_secret_or_of_a_reader_changes_nothing",),
    ),
    Mutant(
        "the console takes a form without its secret",
        "console/sessions.py",
        "csrf",
        "if session is None:",
        (_CONSOLE + "test_a_form_of_another_site_or_without_its_secret_does_nothing",),
    ),
    Mutant(
        "the console starts a confirmed run for everybody",
        "console/confirm.py",
        "confirm-scope",
        "actor: Actor = request.state.actor",
        (_CONFIRM + "test_nobody_without_the_scope_the_organisation_or_the_secret_of_a_page_confirms",),
    ),
    Mutant(
        "the console confirms a run whatever number is typed",
        "console/confirm.py",
        "typed-number",
        "if run.confirmed is None and shown is None:",
        (_CONFIRM + "test_a_held_run_is_looked_at_and_its_number_typed_before_anybody_is_reached",),
    ),
    Mutant(
        "the console shows the confirmation of a run of every organisation to everybody",
        "console/confirm.py",
        "own-confirmation",
        "found = await self._engine.held_run(run_id)",
        (_CONFIRM + "test_nobody_without_the_scope_the_organisation_or_the_secret_of_a_page_confirms",),
    ),
    Mutant(
        "the console carries out a form without its secret",
        "console/forms.py",
        "form-of-an-action",
        "pass",
        (
            _CONFIRM + "test_nobody_without_the_scope_the_organisation_or_the_secret_of_a_page_confirms",
            _OPERATING + "test_unknown_sends_are_filtered_and_those_of_another_organisation_are_not_there",
            _OPERATING + "test_only_an_admin_of_everything_manages_keys_from_a_page_of_the_session",
            _OPERATING + "test_nobody_erases_a_person_of_another_organisation_or_without_the_scope_or_a_page",
        ),
    ),
    Mutant(
        "the console settles a send for everybody",
        "console/unknown.py",
        "settle-scope",
        "actor: Actor = request.state.actor",
        (_OPERATING + "test_unknown_sends_are_filtered_and_those_of_another_organisation_are_not_there",),
    ),
    Mutant(
        "the console settles a send of every organisation for everybody",
        "console/unknown.py",
        "own-settlement",
        "await engine.decide(claim_id, provider_name=name)",
        (_OPERATING + "test_unknown_sends_are_filtered_and_those_of_another_organisation_are_not_there",),
    ),
    Mutant(
        "the console lists the unknown sends of every organisation to everybody",
        "console/unknown.py",
        "own-unknown-page",
        "place = await chosen(self._engine, request, replace(actor, organisations=None))",
        (_OPERATING + "test_unknown_sends_are_filtered_and_those_of_another_organisation_are_not_there",),
    ),
    Mutant(
        "the console shows an unknown send of every organisation to everybody",
        "console/unknown.py",
        "own-unknown-send",
        "state = await self._engine.sends_of(claim_id)",
        (_OPERATING + "test_unknown_sends_are_filtered_and_those_of_another_organisation_are_not_there",),
    ),
    Mutant(
        "the console lists the dead tokens of every organisation to everybody",
        "console/dead_tokens.py",
        "dead-tokens-scope",
        "actor = self._pages.reader(request)",
        (_OPERATING + "test_dead_tokens_and_workers_are_listed_for_readers_of_every_organisation",),
    ),
    Mutant(
        "the console lists the workers to everybody",
        "console/workers.py",
        "workers-scope",
        "",
        (_OPERATING + "test_dead_tokens_and_workers_are_listed_for_readers_of_every_organisation",),
    ),
    Mutant(
        "the console shows the audit to everybody",
        "console/audit.py",
        "audit-scope",
        "",
        (_OPERATING + "test_the_audit_log_says_who_did_what_and_only_to_an_admin_of_everything",),
    ),
    Mutant(
        "the console creates keys for everybody",
        "console/keys.py",
        "create-key-scope",
        "actor = self._pages.reader(request)",
        (_OPERATING + "test_only_an_admin_of_everything_manages_keys_from_a_page_of_the_session",),
    ),
    Mutant(
        "the console revokes keys for everybody",
        "console/keys.py",
        "revoke-key-scope",
        "actor = self._pages.reader(request)",
        (_OPERATING + "test_only_an_admin_of_everything_manages_keys_from_a_page_of_the_session",),
    ),
    Mutant(
        "the console erases people for everybody",
        "console/erasures.py",
        "erase-scope",
        "actor = self._pages.reader(request)",
        (_OPERATING + "test_nobody_erases_a_person_of_another_organisation_or_without_the_scope_or_a_page",),
    ),
    Mutant(
        "the console erases people of every organisation for everybody",
        "console/erasures.py",
        "own-erasure",
        "user_id = await self._engine.person(given)",
        (_OPERATING + "test_nobody_erases_a_person_of_another_organisation_or_without_the_scope_or_a_page",),
    ),
    Mutant(
        "the console erases a person whatever is typed",
        "console/erasures.py",
        "typed-person",
        "if not given:",
        (_OPERATING + "test_a_person_is_erased_when_their_id_was_typed_and_the_list_does_not_name_them",),
    ),
    Mutant(
        "the console lists the erasures of every organisation to everybody",
        "console/erasures.py",
        "erasures-of-others",
        "rows = await self._engine.audit_page(asked)",
        (_OPERATING + "test_a_person_is_erased_when_their_id_was_typed_and_the_list_does_not_name_them",),
    ),
    Mutant(
        "the console takes the answer to a sign-in that another browser has begun",
        "console/issuer.py",
        "state",
        "if state:",
        (_ISSUER + "test_an_answer_that_is_not_for_this_attempt_signs_nobody_in",),
    ),
    Mutant(
        "the console takes the answer of another issuer",
        "console/issuer.py",
        "other-issuer",
        "if not self._config.issuer:",
        (_ISSUER + "test_an_answer_that_is_not_for_this_attempt_signs_nobody_in",),
    ),
    Mutant(
        "every site may sign people in to the console with a token",
        "console/issuer.py",
        "apps",
        "if not self._console.apps:",
        (_ISSUER + "test_an_app_of_the_team_hands_its_token_over_and_no_other_site_does",),
    ),
    Mutant(
        "the console takes an ID token for another sign-in",
        "sign_in/code.py",
        "nonce",
        "if not attempt.nonce:",
        (_ISSUER + "test_an_id_token_that_is_not_for_this_sign_in_signs_nobody_in[nonce]",),
    ),
    Mutant(
        "the console takes an ID token whose audience are several clients",
        "sign_in/code.py",
        "authorized-party",
        "if not party and not audience:",
        (_ISSUER + "test_an_id_token_that_is_not_for_this_sign_in_signs_nobody_in[party]",),
    ),
    Mutant(
        "the console takes tokens of two people",
        "sign_in/code.py",
        "same-person",
        'if not claims["sub"]:',
        (_ISSUER + "test_an_id_token_that_is_not_for_this_sign_in_signs_nobody_in[person]",),
    ),
    Mutant(
        "the session of a person outlives their token",
        "console/sessions.py",
        "token-ends",
        "if known and until:",
        (_ISSUER + "test_a_session_ends_with_its_token",),
    ),
    Mutant(
        "the console leads to another site after the sign-in",
        "console/sign_in.py",
        "open-redirect",
        "good = True",
        (_CONSOLE + "test_nobody_is_led_to_another_site_after_the_sign_in[https://other.example]",),
    ),
    Mutant(
        "an open of a person counts for each push before it",
        "postgres/sql/parts/opened_by_person.sql",
        "opened-the-last",
        "and o.opened_at >= push.dispatched_at",
        ("database/test_opened.py::test_an_open_of_a_person_counts_for_the_last_push_of_the_scenario_before_it",),
    ),
    Mutant(
        "opened pushes are always asked for by claim",
        "postgres/sql/optional_views.sql",
        "opened-by-person",
        "when true or exists (",
        ("database/test_opened.py::test_an_open_of_a_person_counts_for_the_last_push_of_the_scenario_before_it",),
    ),
    Mutant(
        "the hour of send_at is the second of two",
        _FUNCTIONS,
        "first-of-two",
        "then taken.at",
        (_HOURS + "test_the_hour_begins_after_the_gap_or_the_first_time_and_lasts_as_long_as_it_says",),
    ),
    Mutant(
        "an hour that the clock skips begins later than the gap ends",
        _FUNCTIONS,
        "end-of-the-gap",
        "where step.at >= taken.at",
        (_HOURS + "test_the_hour_begins_after_the_gap_or_the_first_time_and_lasts_as_long_as_it_says",),
    ),
    Mutant(
        "the local time alone decides about the hour on the day on which the clock changes",
        _FUNCTIONS,
        "hour-after-change",
        "and false then null",
        (_HOURS + "test_the_hour_begins_after_the_gap_or_the_first_time_and_lasts_as_long_as_it_says",),
    ),
    Mutant(
        "a difference depends on the hour at which it is asked for",
        "app/questions.py",
        "compared-at-any-hour",
        "terms = self._terms()",
        ("acceptance/cli/test_changes.py::test_the_hour_is_left_out_of_what_changes_and_a_plan_may_be_of_another",),
    ),
    Mutant(
        "a key that has no effect in a critical scenario is accepted",
        "scenario/config.py",
        "void-if-critical",
        "pass",
        ("unit/test_hours.py::test_a_key_that_has_no_effect_in_a_critical_scenario_is_a_mistake_wherever_it_is",),
    ),
    Mutant(
        "a large organisation goes first",
        _sql("leased"),
        "organisations-in-turn",
        "",
        ("database/test_fairness.py::test_a_run_sends_to_the_organisations_in_turn",),
    ),
    Mutant(
        "a chapter's override applies to the chapter of that name in another organisation",
        "postgres/migrations/20261123090000_functions.sql",
        "chapter-namesake",
        "(select each.value::int from pg_catalog.jsonb_each_text(places) each\n"
        " where each.key like '%:' || chapter_id limit 1),",
        (_OVERRIDES + "test_the_text_is_that_of_the_place_where_the_person_was_claimed",),
    ),
    Mutant(
        "people are claimed where the scenario is not enabled",
        _sql("parts/refusals/not_enabled"),
        "not-enabled",
        "false",
        (_OVERRIDES + "test_explain_names_the_override_that_applies_and_judges_by_it",),
    ),
    Mutant(
        "the cap rules of the first claim apply to every later one",
        _sql("claim"),
        "cap-fits",
        "where rekindle.fits(cap.counted, 0, cap.rule_counts, cap.rule_seconds, rekindle.clock())",
        (_OVERRIDES + "test_a_cap_is_checked_by_the_rules_of_the_claim_and_not_by_those_of_the_previous_one",),
    ),
    Mutant(
        "everybody reads the general text",
        "engine/compose.py",
        "variant",
        "variant = self.variants[0]",
        (_OVERRIDES + "test_the_text_is_that_of_the_place_where_the_person_was_claimed",),
    ),
    Mutant(
        "a person who counts under no cap takes a place",
        _sql("stage_outranking"),
        "takes-a-place-under-a-cap",
        "",
        (_OVERRIDES + "test_a_person_is_left_to_an_outranking_scenario_by_their_own_caps",),
    ),
    Mutant(
        "a person who never comes back is nudged as often as before",
        _sql("parts/refusals/back_off"),
        "back-off",
        "false",
        (_OVERRIDES + "test_a_person_who_never_comes_back_is_nudged_less_and_less_often[pushes2-14]",),
    ),
    Mutant(
        "an absence is named by a local date",
        _kind("inactivity/candidates"),
        "absence-by-utc-date",
        "to_char(rekindle.local_day(latest.at, wall.zone)::timestamp, 'YYYY-MM-DD') as utc_on,",
        (_NAMES + "test_an_absence_of_a_day_is_named_by_the_utc_date",),
    ),
    Mutant(
        "an absence loses its name when its last activity is corrected",
        _kind("inactivity/candidates"),
        "absence-keeps-its-name",
        "and false",
        (_NAMES + "test_an_absence_keeps_its_name_whatever_is_edited_after_its_push[the second of the activity]",),
    ),
    Mutant(
        "a certificate loses its name when its date moves by a day",
        _kind("expiry/candidates"),
        "expiry-keeps-its-name",
        "'0'",
        (_NAMES + "test_a_certificate_keeps_its_name_while_its_date_and_thresholds_are_edited[1-before0-None]",),
    ),
)

OUTAGE = (
    Mutant(
        "a project that is gone ends a small run as done",
        "engine/breaker.py",
        "project-gone",
        "if False:",
        (
            "unit/test_breaker.py::test_at_the_end_of_a_small_run_a_project_that_is_gone_halts_it_unless_an_answer_proves_it",
        ),
    ),
    Mutant(
        "people are lost while the project is gone",
        "engine/breaker.py",
        "project-known",
        "return True",
        (_BREAKER + "test_a_project_that_is_gone_halts_the_run_however_few_people_are_due_and_loses_nobody[1]",),
    ),
    Mutant(
        "a provider that is down leaves everybody unknown",
        "engine/breaker.py",
        "outage",
        "if False:",
        (_BREAKER + "test_a_provider_that_is_down_leaves_a_window_unknown_and_not_everybody",),
    ),
)

GUARD = (
    Mutant(
        "a claim ignores the guard",
        "postgres/claims.py",
        "guard",
        "confirmed = 0",
        (_GUARD + "test_a_claim_over_the_share_claims_nobody_and_the_fault_names_the_numbers",),
    ),
    Mutant(
        "claims do not pass the guard one after another",
        "postgres/guard.py",
        "lock",
        "pass",
        (_GUARD + "test_two_concurrent_claims_cannot_both_be_the_last_that_the_guard_allows",),
    ),
    Mutant(
        "the guard does not count earlier claims",
        _sql("guard"),
        "claims-of-today",
        "where false",
        (
            _GUARD + "test_what_several_runs_and_scenarios_claim_in_a_day_counts_together",
            _GUARD + "test_a_confirmation_allows_the_confirmed_number_and_not_one_more",
        ),
    ),
    Mutant(
        "the guard does not know the usual number",
        _sql("guard"),
        "what-is-usual",
        "then null::bigint end as by_median",
        (_GUARD + "test_a_claim_over_a_multiple_of_the_median_day_is_held_back",),
    ),
    Mutant(
        "what ended unsent uses up the guard's limit",
        _sql("guard_people"),
        "unsent-counts",
        "",
        (_GUARD + "test_what_ended_unsent_does_not_count_nor_does_a_person_who_is_claimed_twice",),
    ),
    Mutant(
        "confirmed people use up the guard's limit",
        _sql("guard_people"),
        "confirmed-people-count",
        "",
        (_GUARD + "test_confirmed_people_do_not_count_against_the_next_runs",),
    ),
    Mutant(
        "an opt-out counts only as it is spelt",
        _sql("parts/preference"),
        "opted-out-name",
        "select p.scenario_type as given",
        ("database/test_check_reach.py::test_a_name_counts_whatever_its_case_and_the_blanks_around_it",),
    ),
    Mutant(
        "an opt-out of all is one of a scenario called all",
        _sql("parts/preference"),
        "opted-out-of-all",
        "select p.user_id, name.given as scenario_type",
        ("database/test_check_reach.py::test_a_name_counts_whatever_its_case_and_the_blanks_around_it",),
    ),
    Mutant(
        "an apply retires scenarios unasked",
        "postgres/reports.py",
        "retire",
        "pass",
        ("database/test_reports.py::test_scenarios_are_retired_only_if_somebody_says_so",),
    ),
    Mutant(
        "a confirmation has no limit",
        "postgres/guard.py",
        "confirmed",
        "if guard.confirmed:",
        (_GUARD + "test_a_confirmation_allows_the_confirmed_number_and_not_one_more",),
    ),
)

SECRETS = (
    Mutant(
        "an address whose password has an @ is given to libpq",
        "postgres/address.py",
        "password-in-place",
        "if False:",
        (_ADDRESS + "test_an_address_that_cannot_be_read_is_refused_and_not_quoted[two @]",),
    ),
    Mutant(
        "the texts of libpq are shown with the address",
        "postgres/address.py",
        "values-of-the-address",
        "pass",
        (_ADDRESS + "test_a_text_of_libpq_loses_everything_of_the_address[bare]",),
    ),
    Mutant(
        "the words of an exception of the team's code are shown",
        "postgres/faults.py",
        "raised-by-the-team",
        "return False",
        (_ADDRESS + "test_of_an_exception_that_the_teams_code_raises_only_the_code_is_shown[error0]",),
    ),
    Mutant(
        "control characters are printed",
        "foreign.py",
        "printable",
        "return text",
        (
            "unit/test_foreign.py::test_what_is_printed_is_one_line_without_orders_and_as_long_as_before",
            "unit/test_foreign.py::test_an_error_is_one_clean_line_whatever_it_quotes",
        ),
    ),
    Mutant(
        "an empty variable hides the next one",
        "settings.py",
        "empty-is-not-set",
        "return next((value for value in values), None), names[0], False",
        ("unit/test_settings.py::test_an_empty_variable_leaves_the_place_to_the_next_one",),
    ),
)

_SHARE = "unit/test_share.py::test_a_scenario_has_an_equal_share_or_two_seconds_and_never_more_than_half"
_OWN = "database/test_own_query.py::"
_SCENARIO = "database/test_one_scenario.py::"
_RAISES = _SCENARIO + "test_whatever_a_view_raises_the_other_scenarios_are_sent_planned_and_explained"
_LOCKED = _SCENARIO + "test_a_locked_table_costs_one_scenario_its_share_and_it_goes_first_the_next_time"
_RENDERED = "acceptance/cli/test_run.py::"

ALONE = (
    Mutant(
        "one person's variables need not be readable",
        _sql("parts/verdicts"),
        "readable",
        "occasion.extra_columns || occasion.variables as variables,",
        (_OWN + "test_a_long_list_reaches_a_unit_as_a_text_that_any_client_can_decode",),
    ),
    Mutant(
        "an occurrence may have any length",
        _sql("parts/refusals/wrong_occurrence"),
        "wrong-occurrence",
        "false",
        (_OWN + "test_an_unusable_row_of_a_query_is_refused_alone",),
    ),
    Mutant(
        "a person without a value is claimed",
        _sql("parts/refusals/missing_variable"),
        "missing-variable",
        "and false",
        (_RENDERED + "test_one_persons_missing_variable_is_a_refusal_in_each_run_and_the_others_are_sent",),
    ),
    Mutant(
        "a person with a wrong value is claimed",
        _sql("parts/refusals/wrong_value"),
        "wrong-value",
        "false",
        ("acceptance/cli/test_texts.py::test_one_persons_wrong_value_is_refused_and_the_others_are_sent",),
    ),
    Mutant(
        "an error that names a lost connection is a lost connection",
        "postgres/faults.py",
        "severity",
        'return error.sqlstate is not None and not error.sqlstate.startswith(("08", "57P"))',
        (_RAISES,),
    ),
    Mutant(
        "one scenario may use all of the time",
        "engine/claim.py",
        "share",
        "return left",
        (_SHARE + "[100-4-False-18]",),
    ),
    Mutant(
        "a scenario that was passed over comes in its usual place",
        "engine/priority.py",
        "passed-over-first",
        "return in_order(applied)",
        (_LOCKED,),
    ),
)

ACCESS = (
    Mutant(
        "every scope allows everything",
        "access.py",
        "scope",
        "return True",
        (
            _ACCESS + "test_a_scope_includes_those_before_it[read]",
            _ACCESS + "test_a_route_is_refused_to_an_actor_that_lacks_its_scope_or_is_limited[scope]",
        ),
    ),
    Mutant(
        "a limited actor sees every organisation",
        "access.py",
        "organisation",
        "return True",
        (_ACCESS + "test_a_limited_actor_sees_its_organisations_and_nothing_that_belongs_to_none",),
    ),
    Mutant(
        "a limited actor may do what concerns every organisation",
        "api/access.py",
        "everywhere",
        "if False:",
        (_ACCESS + "test_a_route_is_refused_to_an_actor_that_lacks_its_scope_or_is_limited[limited]",),
    ),
    *(
        Mutant(f"{what} without a row of the audit", f"postgres/{file}.py", "audit", "pass", (_AUDIT + test,))
        for what, file, test in (
            ("a switch is turned", "switches", "test_a_switch_is_audited_and_signed"),
            ("a configuration is applied", "reports", "test_what_is_applied_is_audited_once_per_change"),
            ("a send is settled", "settle", "test_what_is_settled_is_audited_and_what_is_not_is_not[sent]"),
            ("an installation is adopted", "installation", "test_an_installation_that_is_adopted_is_audited"),
            ("a run is started", "store", "test_a_run_that_somebody_started_is_audited_once_and_a_tick_is_not"),
        )
    ),
    Mutant(
        "a backtest is saved without a row of the audit",
        "postgres/backtests.py",
        "saved",
        "pass",
        (_SAVED,),
    ),
    *(
        Mutant(what, file, marker, becomes, (_KEYS + test,))
        for what, file, marker, becomes, test in (
            (
                "a key that has expired is valid",
                _sql("key_known"),
                "expired",
                "",
                "test_a_key_is_valid_until_its_time_is_over",
            ),
            (
                "a key that was revoked is valid",
                _sql("key_known"),
                "revoked",
                "",
                "test_a_key_is_refused_from_the_moment_it_is_revoked_and_its_name_is_free",
            ),
            (
                "a key of one organisation sees all of them",
                "postgres/keys.py",
                "limit",
                "limit = None",
                "test_a_key_is_the_actor_that_it_was_created_as[some]",
            ),
            (
                "a key is created without a row of the audit",
                "postgres/keys.py",
                "created",
                "",
                "test_keys_are_audited_when_they_change_and_only_then",
            ),
            (
                "a key is revoked without a row of the audit",
                "postgres/keys.py",
                "revoked",
                "pass",
                "test_keys_are_audited_when_they_change_and_only_then",
            ),
        )
    ),
    Mutant(
        "a key may send any number of requests",
        "api/access.py",
        "requests",
        "if wait_seconds := 0:",
        (_RATES + "test_a_key_may_send_a_minutes_worth_at_once_and_then_its_share",),
    ),
    Mutant(
        "any number of wrong keys is checked",
        "api/rates.py",
        "guesses",
        "if False:",
        (_RATES + "test_of_wrong_keys_a_limited_number_is_checked_and_known_keys_still_come_in",),
    ),
    Mutant(
        "a method that is refused is told the methods of the first route alone",
        "api/app.py",
        "allowed",
        "pass",
        (_EVERY + "test_a_method_that_a_path_does_not_take_is_405_and_allow_lists_the_others[/v1/keys/{name}]",),
    ),
    Mutant(
        "a socket that a proxy opens needs no key if only the database has one",
        "api/server.py",
        "group-without-key",
        "if address.unix_socket is None:",
        (
            "acceptance/api/test_door.py::test_a_socket_of_a_group_is_served_if_the_database_has_a_key_and_then_needs_one",
        ),
    ),
    Mutant(
        "tokens are revived without a row of the audit",
        "postgres/disabled.py",
        "audit",
        "pass",
        ("database/test_disabled_tokens.py::test_a_token_that_is_revived_gets_pushes_again_and_the_change_is_audited",),
    ),
)

SESSION = (
    Mutant(
        "a role decides whether a crash loses a commit",
        _sql("session"),
        "kept",
        "",
        (_SESSION + "test_each_transaction_has_our_settings_whatever_the_role_the_database_and_the_variables_say",),
    ),
    Mutant(
        "a role decides on which day a certificate ends",
        _sql("session"),
        "zone",
        "",
        (_SESSION + "test_a_database_and_its_whole_cycle_are_the_same_under_hostile_settings",),
    ),
    Mutant(
        "a promoted replica is not noticed",
        "postgres/installation.py",
        "another-installation",
        "if False:",
        (
            "faults/test_failover.py::test_a_promoted_replica_sends_nothing_until_it_is_adopted",
            "database/test_installation.py::test_a_run_halts_on_a_server_that_may_lack_what_the_latest_run_committed[promoted]",
        ),
    ),
    Mutant(
        "a copy in another database of the server sends",
        _sql("installation_known"),
        "another-database",
        "",
        (_INSTALLATION + "test_a_copy_in_another_database_of_the_server_sends_nothing_until_it_is_adopted",),
    ),
    Mutant(
        "a process of another installation sends",
        _sql("installation_known"),
        "another-name",
        "",
        (
            _INSTALLATION
            + "test_a_process_of_another_installation_sends_nothing_from_a_copy_that_looks_the_same[no name]",
        ),
    ),
    Mutant(
        "a run does not look whether the server is fit",
        "postgres/store.py",
        "fit-in-each-run",
        "",
        ("database/test_fitness.py::test_each_run_looks_at_the_server_before_it_writes_anything",),
    ),
    Mutant(
        "a connection that was closed while it was idle fails its caller",
        "postgres/pool.py",
        "closed-while-idle",
        "if True:",
        (
            _IDLE + "test_every_call_of_an_engine_works_after_its_idle_connections_were_closed",
            _IDLE + "test_every_route_works_after_the_idle_connections_were_closed",
        ),
    ),
    Mutant(
        "a caller that is cancelled as it gets a connection goes on",
        "postgres/pool.py",
        "cancelled-as-it-was-handed-over",
        "if False:",
        (_CANCELLED + "test_a_caller_that_is_cancelled_as_it_gets_a_connection_sends_no_statement[cancelled]",),
    ),
    Mutant(
        "a run whose lease does not notice that it is cancelled never ends",
        "engine/lease.py",
        "lost-cancellation",
        "while True:",
        (_CANCELLED + "test_a_run_ends_although_a_library_loses_the_cancellation_of_its_lease",),
    ),
)

_DECISIONS = "acceptance/api/test_decisions.py::"

RUNS = (
    Mutant(
        "a client that takes nothing of its answer keeps its request open",
        "api/middleware.py",
        "deaf-client",
        "async with asyncio.timeout(None):",
        ("unit/test_middleware.py::test_an_answer_that_the_client_does_not_take_is_given_up",),
    ),
    Mutant(
        "a limited actor confirms, or is told of, a claim of another organisation",
        "app/records.py",
        "decision-elsewhere",
        "if state is None:",
        (
            _DECISIONS + "test_a_decision_about_a_claim_may_be_sent_again_and_the_opposite_is_a_conflict[decision0]",
            _DECISIONS + "test_a_decision_about_a_claim_may_be_sent_again_and_the_opposite_is_a_conflict[decision1]",
        ),
    ),
    Mutant(
        "the same state of a switch is written again",
        _sql("switch_turn"),
        "the-same-again",
        "where false",
        (_DECISIONS + "test_a_switch_is_turned_once_and_by_a_limited_actor_only_in_its_organisation",),
    ),
    Mutant(
        "a limited actor switches everything off",
        "api/decision_routes.py",
        "switch-of-everything",
        "if False:",
        (_DECISIONS + "test_a_switch_is_turned_once_and_by_a_limited_actor_only_in_its_organisation",),
    ),
    Mutant(
        "a limited actor switches another organisation off",
        "api/decision_routes.py",
        "switch-elsewhere",
        "if False:",
        (_DECISIONS + "test_a_switch_is_turned_once_and_by_a_limited_actor_only_in_its_organisation",),
    ),
    Mutant(
        "a caller takes the key of a confirmation",
        "policy.py",
        "key-of-a-confirmation",
        "if False:",
        (_DECISIONS + "test_an_old_run_and_one_whose_scenario_is_gone_are_not_confirmed",),
    ),
    Mutant(
        "a run that the guard did not halt is confirmed",
        "app/confirm.py",
        "held-by-the-guard",
        "if False:",
        (_DECISIONS + "test_a_guarded_run_is_confirmed_with_the_number_that_the_guard_would_hold_back_now",),
    ),
    Mutant(
        "an old run is confirmed",
        "app/confirm.py",
        "old-confirmation",
        "if False:",
        (_DECISIONS + "test_an_old_run_and_one_whose_scenario_is_gone_are_not_confirmed",),
    ),
    Mutant(
        "fewer people are confirmed than the guard would hold back",
        "app/confirm.py",
        "confirmed-people",
        "if False:",
        (_DECISIONS + "test_a_guarded_run_is_confirmed_with_the_number_that_the_guard_would_hold_back_now",),
    ),
    Mutant(
        "a run of a limited actor covers an organisation that it does not see",
        "access.py",
        "named-organisation",
        "if False:",
        (_ACCESS + "test_a_request_of_a_limited_actor_covers_its_organisations_or_those_of_them_that_it_names",),
    ),
    Mutant(
        "a run of a limited actor covers everything if it names nothing",
        "access.py",
        "own-organisations",
        "return tuple(named)",
        (_ACCESS + "test_a_request_of_a_limited_actor_covers_its_organisations_or_those_of_them_that_it_names",),
    ),
    Mutant(
        "an actor gets the run of another by its idempotency key",
        "access.py",
        "key-of-an-actor",
        "return key",
        (_ACCESS + "test_the_key_of_a_limited_actor_is_of_no_other_actor",),
    ),
    Mutant(
        "a run whose process is gone is followed for ever",
        _sql("run_progress"),
        "lost",
        "and false",
        ("database/test_progress.py::test_a_run_whose_process_is_lost_is_seen_as_abandoned_before_and_after_a_sweep",),
    ),
    Mutant(
        "a run is looked at although nobody follows it",
        "api/follow.py",
        "nobody-follows",
        "if False:",
        ("acceptance/api/test_follow.py::test_a_follower_gets_heartbeats_and_ends_after_five_minutes",),
    ),
    Mutant(
        "an actor of one organisation sees the runs of everything",
        _sql("parts/run_visible"),
        "a-run-of-everything",
        "or true",
        ("database/test_reports.py::test_a_reader_of_one_organisation_sees_only_runs_that_are_limited_to_it",),
    ),
    Mutant(
        "an actor of one organisation sees the runs of another",
        _sql("parts/run_visible"),
        "a-run-of-another",
        "and r.organisations && %(sees)s::uuid[])",
        ("database/test_reports.py::test_a_reader_of_one_organisation_sees_only_runs_that_are_limited_to_it",),
    ),
)

_DOOR = "acceptance/api/test_door.py::"
_PROXY = "acceptance/api/test_proxy.py::"
_ROUTES = "acceptance/api/test_every_route.py::"

SERVING = (
    Mutant(
        "a socket that a proxy opens needs no key",
        "api/address.py",
        "group-needs-key",
        "if address.unix_socket is not None:",
        (_DOOR + "test_without_a_key_nothing_is_served_unless_that_was_asked_for[a socket of a group]",),
    ),
    Mutant(
        "every user of the machine may open the socket of a proxy",
        "api/address.py",
        "only-the-group",
        "address.unix_socket.chmod(0o666)",
        (_PROXY + "test_after_a_restart_rekindle_is_reached_again_and_only_by_the_proxys_group",),
    ),
    Mutant(
        "a misspelt filter is ignored",
        "api/app.py",
        "only-known",
        "",
        (_ROUTES + "test_a_query_parameter_that_the_route_does_not_have_is_a_mistake[GET /v1/health]",),
    ),
    Mutant(
        "of two values of a filter the last one counts",
        "api/parameters.py",
        "given-twice",
        "elif False:",
        (_ROUTES + "test_a_query_parameter_that_takes_one_value_is_a_mistake_if_it_is_given_twice[GET /v1/runs]",),
    ),
)

PEOPLE = (
    *(
        Mutant(
            f"an erasure leaves {what}",
            "postgres/people.py",
            name,
            f"{name}: list[dict[str, Any]] = []",
            (_ERASE + "test_every_table_that_holds_a_person_is_erased_and_exported",),
        )
        for name, what in (
            ("units", "the units"),
            ("outcomes", "the outcomes"),
            ("records", "the records"),
            ("spent", "what is spent"),
            ("gates", "the gates"),
            ("caps", "the cap"),
            ("tokens", "the disabled tokens"),
            ("enrolments", "the trials of a person"),
            ("tests", "the test pushes"),
        )
    ),
    *(
        Mutant(what, _sql(file), marker, becomes, (f"database/test_control_groups.py::{test}",))
        for what, file, marker, becomes, test in (
            (
                "a control group is claimed as if there were no trial",
                "claim",
                "ghost",
                "%(resend)s, false,",
                "test_both_arms_are_claimed_and_only_one_is_sent_anything",
            ),
            (
                "a unit that is held out is armed",
                "arm",
                "held-out-is-never-armed",
                "",
                "test_no_statement_can_arm_a_unit_that_is_held_out",
            ),
            (
                "the arms are not those of the function",
                "parts/assigned",
                "bucket",
                "when everywhere_bucket.bucket >= trial.everywhere_held then 'held_out'",
                "test_people_who_are_held_out_of_the_programme_are_not_in_a_scenarios_trial",
            ),
            (
                "people who are held out of the programme are in the trial of a scenario",
                "parts/assigned",
                "nested",
                "",
                "test_people_who_are_held_out_of_the_programme_are_not_in_a_scenarios_trial",
            ),
            (
                "people are held out of an exempt scenario",
                "parts/assigned",
                "exempt",
                "",
                "test_nobody_is_held_out_where_a_place_says_so",
            ),
            (
                "people are enrolled after the day of the trial",
                "parts/assigned",
                "until",
                "true as own_enrols",
                "test_new_people_take_part_until_the_day_and_the_others_keep_their_arm_until_the_agreed_one",
            ),
            (
                "a control group is held out for ever",
                "parts/assigned",
                "agreed-day",
                "",
                "test_new_people_take_part_until_the_day_and_the_others_keep_their_arm_until_the_agreed_one",
            ),
            (
                "an occurrence that was held out is not spent",
                "parts/spent",
                "held-out-spent",
                "and o.outcome = 'unknown')",
                "test_an_occurrence_that_was_held_out_is_spent_also_after_the_trial_and_after_a_prune",
            ),
            (
                "a prune forgets an occurrence that was held out",
                "prune_outcome",
                "unknown-stays-spent",
                "where ended.outcome = 'unknown'",
                "test_an_occurrence_that_was_held_out_is_spent_also_after_the_trial_and_after_a_prune",
            ),
            (
                "the gate opens soon after a person was held out",
                "finish",
                "held-out-cools-down",
                "bool_or((g.unit).uncertain) as counts,",
                "test_the_cooldown_after_being_held_out_is_that_after_a_push",
            ),
            (
                "a second occurrence of the day is held out, too",
                "parts/held_out_today",
                "held-out-today",
                "where false",
                "test_a_second_occurrence_of_the_day_is_refused_as_after_a_push",
            ),
            (
                "a trial settles before its horizon is over",
                "parts/enrolments_over",
                "trial-horizon-is-over",
                "",
                "test_the_arms_settle_alike_once_and_for_all",
            ),
            (
                "a trial that was stopped counts everybody",
                "parts/enrolments_over",
                "stopped-early",
                "",
                "test_of_a_trial_that_is_stopped_only_people_count_whose_horizon_was_over",
            ),
        )
    ),
    *(
        Mutant(
            what,
            "postgres/migrations/20261123090100_tables.sql",
            marker,
            becomes,
            (f"database/test_control_groups.py::{test}",),
        )
        for what, marker, becomes, test in (
            *(
                (
                    f"a push that was held out does not count for {what}",
                    "held-out-sent",
                    "and o.outcome = 'unknown'",
                    test,
                )
                for what, test in (
                    ("a mark", "test_the_mark_of_a_milestone_is_reached_although_nobody_was_told"),
                    ("the limit of an absence", "test_the_limit_of_an_absence_counts_what_was_held_out"),
                    ("the back-off", "test_the_back_off_waits_as_after_two_pushes"),
                )
            ),
            *(
                (
                    f"a push that was held out does not count for {what}",
                    "held-out-reached",
                    "and o.outcome = 'unknown'",
                    test,
                )
                for what, test in (
                    ("the caps", "test_a_push_that_was_held_out_counts_under_the_caps"),
                    ("the sweep", "test_a_sweep_keeps_the_cooldown_of_a_claim_that_was_held_out"),
                )
            ),
        )
    ),
    Mutant(
        "a person with another text than assigned is not noticed",
        "postgres/sql/parts/trial_person.sql",
        "misplaced-text",
        "else false",
        ("database/test_effect.py::test_each_text_is_counted_with_the_first_one_and_nobody_else",),
    ),
    Mutant(
        "people of a third text count with the second",
        "postgres/sql/parts/trial_person.sql",
        "of-the-two-texts",
        "",
        ("database/test_effect.py::test_each_text_is_counted_with_the_first_one_and_nobody_else",),
    ),
    Mutant(
        "each text of a trial has the whole error",
        "effect/answers.py",
        "texts-share-the-error",
        "return 1",
        ("unit/test_effect_answers.py::test_each_text_is_compared_with_the_first_at_its_part_of_the_error",),
    ),
    *(
        Mutant(what, file, marker, becomes, (f"database/test_text_trials.py::{test}",))
        for what, file, marker, becomes, test in (
            (
                "people who are held out are in the trial of the texts",
                "postgres/sql/parts/worded.sql",
                "texts-nested",
                "",
                "test_only_people_who_are_not_held_out_have_a_text",
            ),
            (
                "the texts are not those of the function",
                "postgres/sql/parts/worded.sql",
                "texts-bucket",
                "when trial.enrols then trial.texts[1 + width_bucket(part.bucket + 1, trial.text_ends)]",
                "test_the_bucket_at_the_end_of_a_text_is_in_the_next_one",
            ),
            (
                "people are enrolled after the day of a text trial",
                "postgres/sql/parts/worded.sql",
                "texts-until",
                "true as enrols",
                "test_from_its_day_on_nobody_new_takes_part_and_after_the_agreed_day_everybody_gets_the_first_text",
            ),
            (
                "a text trial lasts for ever",
                "postgres/sql/parts/worded.sql",
                "texts-agreed-day",
                "",
                "test_from_its_day_on_nobody_new_takes_part_and_after_the_agreed_day_everybody_gets_the_first_text",
            ),
            (
                "a run with old texts enrols people in the trial of new ones",
                "postgres/sql/parts/worded.sql",
                "texts-of-the-trial",
                "",
                "test_a_run_with_the_texts_of_before_enrols_nobody_in_the_trial_of_the_new_ones",
            ),
            (
                "the text of the claim is not kept with the unit",
                "postgres/sql/claim.sql",
                "text-of-the-claim",
                "null,",
                "test_a_retry_has_the_text_of_its_claim_also_after_an_apply",
            ),
            (
                "everybody gets the first text",
                "engine/compose.py",
                "text-of-the-arm",
                "further = None",
                "test_each_person_gets_the_text_of_their_bucket_and_every_text_is_sent",
            ),
            (
                "a person who lacks a variable of their text gets none",
                "engine/compose.py",
                "text-not-made",
                "with suppress(ZeroDivisionError):",
                "test_a_person_who_lacks_a_variable_of_their_text_gets_the_first_one_and_stays_in_the_arm",
            ),
            (
                "a text trial goes on with other texts",
                "postgres/trials.py",
                "texts-change",
                'texts_sha256="0" * 64,',
                "test_a_text_of_one_place_is_a_text_of_the_trial",
            ),
        )
    ),
    *(
        Mutant(what, file, marker, becomes, (f"database/test_trials.py::{test}",))
        for what, file, marker, becomes, test in (
            (
                "a trial starts anew with each apply",
                "postgres/trials.py",
                "trial-goes-on",
                "started = list(asked.values())",
                "test_a_trial_starts_with_the_configuration_goes_on_while_it_is_the_same_and_ends_without_it",
            ),
            (
                "a trial that is not in the configuration goes on",
                "postgres/trials.py",
                "end-trials",
                "",
                "test_a_trial_starts_with_the_configuration_goes_on_while_it_is_the_same_and_ends_without_it",
            ),
            (
                "a trial may begin on its last day",
                "postgres/trials.py",
                "until-is-past",
                "if terms.until_on < today:",
                "test_a_day_that_is_past_or_too_far_away_is_refused_and_nothing_is_applied[past]",
            ),
            (
                "a trial may last for ever",
                "postgres/trials.py",
                "until-is-far",
                "if False:",
                "test_a_day_that_is_past_or_too_far_away_is_refused_and_nothing_is_applied[too far away]",
            ),
            (
                "what a trial can show is said from too few days",
                "postgres/trials.py",
                "known-for-as-long",
                "if False:",
                "test_what_a_trial_can_show_is_known_after_as_many_days_of_pushes_as_it_has_before_it",
            ),
            (
                "an apply starts no trial",
                "postgres/reports.py",
                "trials",
                "trials: list[TrialChange] = []",
                "test_a_trial_starts_with_the_configuration_goes_on_while_it_is_the_same_and_ends_without_it",
            ),
        )
    ),
    *(
        Mutant(what, file, marker, becomes, (f"acceptance/test_test_push.py::{test}",))
        for what, file, marker, becomes, test in (
            (
                "a test push reaches a person who has opted out",
                "postgres/sql/parts/refusal_of_a_test.sql",
                "test-opted-out",
                "when false",
                "test_to_a_token_it_goes_whatever_the_person_wants_and_the_token_is_nowhere",
            ),
            (
                "a test push does not look like one",
                "engine/mark.py",
                "test-mark",
                "title=message.title,",
                "test_it_has_the_persons_data_and_a_mark_and_the_next_run_does_what_it_would_have_done",
            ),
            (
                "a test push is sent from a copy of the database",
                "app/tests.py",
                "no-test-from-a-copy",
                "if False:",
                "test_a_key_is_one_test_push_and_a_copy_of_the_database_sends_none",
            ),
            (
                "test pushes are not counted one at a time",
                "postgres/tests.py",
                "one-test-at-a-time",
                "",
                "test_an_hour_has_a_handful_for_a_person_and_a_few_for_everybody",
            ),
            (
                "any number of test pushes is sent in an hour",
                "postgres/tests.py",
                "tests-an-hour",
                "if False:",
                "test_an_hour_has_a_handful_for_a_person_and_a_few_for_everybody",
            ),
            (
                "the list of test pushes shows those of other organisations",
                "postgres/sql/test_send_page.sql",
                "own-tests",
                "where true",
                "test_to_a_token_it_goes_whatever_the_person_wants_and_the_token_is_nowhere",
            ),
        )
    ),
    Mutant(
        "an erasure does not wait for the claims under way",
        "postgres/people.py",
        "lock",
        "",
        (_ERASE + "test_an_erasure_waits_for_the_claims_under_way",),
    ),
    Mutant(
        "a claim does not wait for an erasure",
        "postgres/claims.py",
        "not-while-erasing",
        "",
        (
            _ERASE + "test_an_erasure_waits_for_the_claims_under_way",
            _ERASE + "test_a_claim_waits_for_the_erasure_under_way",
        ),
    ),
    Mutant(
        "claims go before an erasure that waits",
        _sql("erasure_share"),
        "row-share",
        "lock table rekindle.erasure in access share mode",
        (
            _ERASE + "test_an_erasure_waits_for_the_claims_under_way",
            _ERASE + "test_a_claim_waits_for_an_erasure_that_waits_for_another_claim",
        ),
    ),
    Mutant(
        "an erasure locks units in the reverse order",
        _sql("erase_units"),
        "order-of-units",
        "order by claim_id desc, device_id desc",
        (_ERASE + "test_an_erasure_locks_units_in_the_order_of_their_key",),
    ),
    Mutant(
        "an erasure does not count an unknown send as under way",
        _sql("erase_units"),
        "under-way",
        "o.state = 'dispatching' as under_way",
        (_ERASE + "test_what_cannot_be_taken_back_is_counted",),
    ),
    Mutant(
        "an erasure is not audited",
        "postgres/people.py",
        "audit",
        "",
        (_ERASE + "test_the_audit_has_the_numbers_and_not_the_person",),
    ),
    Mutant(
        "an erasure is committed before its audit",
        "postgres/people.py",
        "audit",
        "await connection.commit()\nawait audit(connection, replace(entry, details=details))",
        (_ERASE + "test_an_erasure_that_fails_halfway_changes_nothing",),
    ),
    Mutant(
        "the audit of an erasure names the person",
        "postgres/people.py",
        "audit",
        "await audit(connection, replace(entry, subject=str(user_id), details=details))",
        (_ERASE + "test_the_audit_has_the_numbers_and_not_the_person",),
    ),
    Mutant(
        "an export is not audited",
        "postgres/people.py",
        "audit-of-an-export",
        "",
        (_ERASE + "test_the_audit_has_the_numbers_and_not_the_person",),
    ),
    Mutant(
        "an export has the tokens of the units",
        _sql("parts/person_rows"),
        "token",
        "select 'outbox', 3, o.claim_id || ' ' || o.device_id, to_jsonb(o)",
        (_ERASE + "test_an_export_has_no_device_token_and_has_the_variables",),
    ),
    Mutant(
        "an actor of one organisation erases a person of another",
        "api/erase_routes.py",
        "organisations-of-a-person",
        "if not organisations:",
        (
            _ERASE_ROUTES + "test_a_person_of_another_organisation_is_404_like_an_id_that_does_not_exist[DELETE]",
            _ERASE_ROUTES + "test_a_person_of_another_organisation_is_404_like_an_id_that_does_not_exist[GET]",
        ),
    ),
    Mutant(
        "an active recipient is erased without force",
        "app/people.py",
        "still-recipient",
        "if standing.active and force and not force:",
        (_ERASE + "test_an_active_recipient_is_erased_only_by_force",),
    ),
)

_PAGES = "database/test_pages.py::"
_PEOPLE = "acceptance/console/test_people.py::"
_OWN_LISTS = f"{_PAGES}test_a_limited_reader_gets_its_own_records_and_deliveries_and_no_other"
_OWN_NAMES = (
    "database/test_people_names.py::test_a_limited_reader_gets_the_names_of_recipients_of_its_organisations_alone"
)
_OWN_PEOPLE = f"{_PAGES}test_a_limited_reader_is_told_of_the_people_there_and_of_what_was_claimed_for_them_there"
_OWN_SCENARIO = f"{_PAGES}test_a_limited_reader_sees_of_a_scenario_its_own_overrides_and_no_numbers"

READING = (
    Mutant(
        "an actor of one organisation sees the records of another",
        _sql("parts/notification_asked"),
        "own-notifications",
        "true",
        (_OWN_LISTS,),
    ),
    Mutant(
        "an actor of one organisation sees a record of another by its id",
        _sql("notification"),
        "own-notification",
        "",
        (_OWN_LISTS,),
    ),
    Mutant(
        "an actor of one organisation sees the unknown sends of another",
        _sql("unknown"),
        "own-unknown",
        "where true",
        (f"{_PAGES}test_a_limited_reader_gets_its_own_uncertain_sends_while_they_are_held_and_after",),
    ),
    Mutant(
        "an actor of one organisation sees what was claimed for a person in another",
        _sql("history"),
        "own-history",
        "",
        (_OWN_PEOPLE,),
    ),
    Mutant(
        "an actor of one organisation sees a push of another, if the person is in both",
        _sql("explain"),
        "own-claim",
        "",
        (f"{_PAGES}test_a_limited_reader_learns_nothing_of_a_push_in_another_organisation_but_that_it_is_in_the_way",),
    ),
    *(
        Mutant(name, _sql(file), marker, "", (_MEMBERSHIPS,))
        for name, file, marker in (
            ("a place where the scenario is off keeps a person from the next place", "parts/first_place", "open-place"),
            ("another membership comes before the home", "parts/first_place", "home-first"),
            ("no organisation is a place, beside the memberships", "parts/membership", "home-without-organisation"),
        )
    ),
    Mutant(
        "an actor of one organisation sees the people of another",
        _sql("standing"),
        "own-people",
        "",
        (_OWN_PEOPLE,),
    ),
    Mutant(
        "a reader of one organisation gets the name of somebody of another",
        _sql("people_names"),
        "own-names",
        "",
        (_OWN_NAMES,),
    ),
    Mutant(
        "an actor of one organisation sees a person who is gone",
        "app/questions.py",
        "own-person",
        "if False:",
        (_OWN_PEOPLE,),
    ),
    Mutant(
        "an actor of one organisation sees the overrides of another",
        "documents.py",
        "own-overrides",
        "",
        (_OWN_SCENARIO,),
    ),
    Mutant(
        "an actor of one organisation sees the switches of another",
        _sql("switches"),
        "own-switches",
        "",
        (f"{_PAGES}test_a_limited_reader_sees_the_switches_of_the_organisation_alone",),
    ),
    Mutant(
        "an actor of one organisation is told how many people others have",
        "postgres/guard.py",
        "totals",
        "if not guard.watches:",
        (f"{_PAGES}test_the_guard_does_not_tell_a_limited_reader_how_many_people_others_have",),
    ),
    Mutant(
        "an actor of one organisation may ask for another",
        "api/asked.py",
        "asked-organisation",
        "if False:",
        ("unit/test_pages.py::test_an_organisation_that_an_actor_does_not_see_is_not_found_whether_it_exists_or_not",),
    ),
    Mutant(
        "an actor of one organisation sees what changed for another",
        "documents.py",
        "own-keys",
        "keys = list(version.keys)",
        (_OWN_SCENARIO,),
    ),
    Mutant(
        "the report of the API shows every organisation to a key of one",
        "api/report_routes.py",
        "own-report",
        "sees=None,",
        ("acceptance/api/test_reading.py::test_a_key_of_one_organisation_reads_that_organisation_alone",),
    ),
)

TELEMETRY = (
    Mutant(
        "every scrape reads the ledger",
        "api/scrape.py",
        "scrape-is-bounded",
        "",
        (_TELEMETRY + "test_a_scrape_does_not_ask_the_database_again_within_ten_seconds_and_survives_its_loss",),
    ),
    Mutant(
        "every send has a span",
        "telemetry/spans.py",
        "sends-are-sampled",
        "return True",
        ("unit/test_telemetry.py::test_a_run_of_100_000_sends_has_a_few_hundred_spans[False-219]",),
    ),
    Mutant(
        "a span quotes the text of an error",
        "telemetry/spans.py",
        "span-without-text",
        "record_exception=True,",
        ("unit/test_telemetry.py::test_a_host_s_provider_gets_the_spans_with_their_parents_links_and_codes",),
    ),
    Mutant(
        "commands write the file of metrics at once",
        "telemetry/textfile.py",
        "one-writes-the-file",
        "",
        ("unit/test_textfile.py::test_commands_that_write_at_once_lose_nothing",),
    ),
    Mutant(
        "the web framework sends its own spans, with the path of each request",
        "api/app.py",
        "only-our-spans",
        "",
        (_TELEMETRY + "test_a_request_and_the_run_that_it_starts_are_part_of_the_caller_s_trace_and_are_counted",),
    ),
    Mutant(
        "a command waits for a collector that hangs",
        "telemetry/otlp.py",
        "traces-end",
        "ending.join()",
        (_TELEMETRY + "test_a_collector_that_hangs_changes_no_run_and_the_process_ends",),
    ),
)

_DIGEST = "database/test_digest.py::"
_DIGESTS = "property/test_digest.py::test_each_occurrence_is_in_one_push_however_the_pushes_end"

DIGEST = tuple(
    Mutant(f"a digest {what}", file, marker, becomes, (test,))
    for what, file, marker, becomes, test in (
        (
            "that is unknown spends only its first occurrence",
            _sql("parts/spent"),
            "unknown-digest",
            ")",
            _DIGESTS,
        ),
        (
            "that is recorded spends only its first occurrence",
            _sql("record"),
            "digest-is-spent",
            "where false",
            _DIGESTS,
        ),
        (
            "that is unknown is forgotten by a prune, but for its first occurrence",
            _sql("prune_outcome"),
            "digest-stays-spent",
            "cross join lateral (select ended.occurrence) as covered (occurrence)",
            _DIGESTS,
        ),
        (
            "counts an occurrence twice that a query returns twice",
            _sql("parts/occasion_digest"),
            "digest-counts-each-once",
            "select",
            _DIGESTS,
        ),
        (
            "covers any number of occurrences",
            _sql("parts/occasion_digest"),
            "digest-limit",
            "where placed.place > 1",
            _DIGEST + "test_a_digest_covers_a_thousand_occurrences_and_none_that_cannot_be_recorded",
        ),
        (
            "lists any number of names",
            _sql("parts/occasion_digest"),
            "digest-names",
            "where coalesce(%(digest_names)s::int, 0) >= 0 and placed.recordable",
            _DIGESTS,
        ),
        (
            "is sent although one of its certificates was renewed",
            _kind("expiry/no_longer_due"),
            "digest-looks-at-each",
            "cross join lateral unnest(array[unit.occurrence])",
            _DIGEST + "test_a_digest_is_not_sent_if_any_of_its_certificates_changed_since_the_claim",
        ),
        (
            "is sent although one of its events was moved",
            _kind("event/no_longer_due"),
            "digest-looks-at-each-event",
            "cross join lateral unnest(array[unit.occurrence])",
            _DIGEST + "test_a_digest_is_not_sent_if_any_of_its_events_is_gone_or_moved_since_the_claim",
        ),
    )
)

_PRUNE = "database/test_prune.py::"

_IDS = "database/test_external_ids.py::"
_NAMED = "docs/test_people_pages.py::test_people_with_other_ids_are_claimed_by_index_and_named_by_their_own_id"
_SAME = _IDS + "test_an_id_has_the_same_uuid_in_sql_and_python_and_another_one_in_another_space"
IDS = (
    Mutant(
        "a person of several rows has any of their external_ids",
        "postgres/sql/external_ids.sql",
        "first-external-id",
        "order by named.user_id, named.external_id desc",
        (_IDS + "test_each_person_has_the_first_external_id_of_the_view_if_it_can_be_given_to_a_command",),
    ),
    Mutant(
        "an external_id is shown that no command takes",
        "postgres/sql/external_ids.sql",
        "long-external-id",
        "where named.external_id is not null and %(chars)s::int is not null",
        (_IDS + "test_each_person_has_the_first_external_id_of_the_view_if_it_can_be_given_to_a_command",),
    ),
    Mutant(
        "a person who is listed twice shares the external_id with themselves",
        "postgres/sql/source_ids.sql",
        "shared-id",
        "having count(*) > 1",
        (_IDS + "test_check_counts_the_external_ids_that_several_people_have",),
    ),
    Mutant(
        "an external_id that is the user_id of another person names one of the two",
        "app/people.py",
        "ambiguous-person",
        "if False:",
        (_NAMED,),
    ),
    Mutant(
        "the space of an id makes no difference",
        "policy.py",
        "space-of-an-id",
        "return _named(_SPACES, str(id))",
        (_SAME,),
    ),
    Mutant(
        "the space of an id makes no difference in SQL",
        "postgres/migrations/20261123090000_functions.sql",
        "space-of-an-id",
        "foreach part in array array[id] loop",
        (_SAME,),
    ),
    Mutant(
        "the UUID of an id has any version",
        "postgres/migrations/20261123090000_functions.sql",
        "version-of-an-id",
        "",
        (_SAME,),
    ),
)

_EXPLAIN = "database/test_explain.py::"
_STILL_DUE = _LAST_LOOK + "test_people_that_the_teams_own_query_does_not_return_any_more_get_nothing[occurrence]"
_LEFT_OUT = _EXPLAIN + "test_an_occasion_that_a_day_leaves_out_says_which_key_and_which_day"
OCCASIONS = (
    Mutant(
        "an occasion of a day before since is due",
        _sql("parts/not_too_old"),
        "since",
        "true",
        (_LEFT_OUT,),
    ),
    Mutant(
        "an occasion that is older than max_age is due",
        _sql("parts/not_too_old"),
        "max-age",
        "true) or true",
        (_LEFT_OUT,),
    ),
    Mutant(
        "people are due after the scenario has ended",
        _sql("parts/not_over"),
        "until",
        "or true)",
        (_LEFT_OUT,),
    ),
    Mutant(
        "a push that waits is sent after its scenario has ended",
        _sql("claim"),
        "ends",
        "case when false",
        (_LAST_LOOK + "test_a_unit_that_waits_until_its_scenario_has_ended_is_never_sent",),
    ),
    Mutant(
        "what has expired is due by the days before its expiry",
        _kind("expiry/candidates"),
        "after-the-expiry",
        "where threshold >= expiry.days_left",
        (_EXPLAIN + "test_an_expiry_says_the_thresholds_on_both_sides_of_it",),
    ),
    Mutant(
        "an amount that is not a number reaches every mark",
        _FUNCTIONS,
        "amount",
        "select amount",
        (_EXPLAIN + "test_a_milestone_on_a_sum_says_what_the_amounts_add_up_to",),
    ),
    Mutant(
        "a sum is not looked at again before sending",
        _kind("milestone/no_longer_due"),
        "sum-by-now",
        "then case when false",
        (_LAST_LOOK + "test_a_person_whose_amounts_add_up_to_less_than_the_mark_by_now_gets_no_push_about_it[nan]",),
    ),
    Mutant(
        "the query of still_due is not asked",
        "postgres/store.py",
        "still-due",
        "**await self._still_due([]),",
        (_STILL_DUE,),
    ),
    Mutant(
        "another occurrence of the person lets a push out",
        _kind("sql/no_longer_due"),
        "still-this-occurrence",
        "",
        (_STILL_DUE,),
    ),
)

PRUNE = (
    Mutant(
        "what is pruned includes the newest absence",
        _kind("inactivity/useless"),
        "newest-absence",
        "order by absences.evaluated_at) as newest",
        (_PRUNE + "test_only_the_newest_absence_and_the_highest_mark_are_kept",),
    ),
    *(
        Mutant(f"what is pruned {what}", _sql(file), marker, becomes, (_PRUNE + test,))
        for what, file, marker, becomes, test in (
            (
                "is not spent any more",
                "parts/spent",
                "spent-after-pruning",
                "and s.occurrence = candidate.occurrence and false)",
                "test_an_occurrence_stays_spent_after_its_record_or_its_unknown_outcome_is_pruned[sql-send]",
            ),
            (
                "is not spent any more, if it was unknown",
                "prune_outcome",
                "unknown-stays-spent",
                "where false",
                "test_an_occurrence_stays_spent_after_its_record_or_its_unknown_outcome_is_pruned[sql-send_uncertainly]",
            ),
            (
                "includes marks, after a while",
                "parts/prunable/spent",
                "marks-do-not-pass",
                "where true))",
                "test_occurrences_of_an_own_query_are_kept_as_long_as_the_configuration_says_and_marks_for_ever",
            ),
            (
                "includes a record that a cooldown needs",
                "parts/prunable/notification",
                "cooldown-needs-it",
                "or false",
                "test_a_retention_that_is_shorter_than_a_cooldown_takes_nothing_that_the_cooldown_needs[send]",
            ),
            (
                "includes an unknown outcome that a cooldown needs",
                "parts/prunable/outcome",
                "cooldown-needs-it",
                "or false",
                "test_a_retention_that_is_shorter_than_a_cooldown_takes_nothing_that_the_cooldown_needs[send_uncertainly]",
            ),
            (
                "includes a record whose key a live claim has",
                "parts/prunable/notification",
                "live-claims",
                "where false)",
                "test_a_record_of_another_program_stays_while_a_live_claim_has_its_key",
            ),
            (
                "includes gates in flight",
                "parts/prunable/gate",
                "in-flight",
                "true",
                "test_a_claim_that_is_live_keeps_what_its_other_devices_have_left",
            ),
            (
                "includes gates that were open only for a moment",
                "parts/prunable/gate",
                "open-gates",
                "",
                "test_a_gate_that_was_pruned_is_open_and_a_claim_makes_it_anew",
            ),
            (
                "includes the gate of an uncertain send",
                "parts/prunable/gate",
                "may-become-a-record",
                "and false)",
                "test_a_gate_stays_while_an_uncertain_send_may_become_a_record_that_begins_its_cooldown",
            ),
            (
                "includes a gate that a claim has locked",
                "prune_gate",
                "lock",
                "",
                "test_what_a_claim_writes_while_a_prune_looks_at_it_stays[gate]",
            ),
            (
                "includes a cap that a claim has locked",
                "prune_cap",
                "lock",
                "",
                "test_what_a_claim_writes_while_a_prune_looks_at_it_stays[cap]",
            ),
            (
                "includes claims that a cap counts",
                "prune_cap",
                "still-counted",
                "",
                "test_a_cap_row_goes_when_no_cap_can_count_its_claims",
            ),
            (
                "includes a run under way",
                "parts/prunable/run",
                "still-running",
                "",
                "test_the_runs_that_tell_how_a_scenario_and_a_schedule_do_stay",
            ),
            (
                "includes the last run of a scenario",
                "parts/prunable/run",
                "last-evaluated",
                "and r.run_id is not null or r.run_id <> all (array(",
                "test_the_runs_that_tell_how_a_scenario_and_a_schedule_do_stay",
            ),
            (
                "includes the run of a schedule's last instant",
                "parts/prunable/run",
                "last-tick",
                "",
                "test_the_runs_that_tell_how_a_scenario_and_a_schedule_do_stay",
            ),
            (
                "includes disabled tokens that are still registered",
                "prune_disabled_token",
                "still-registered",
                "and not exists (select from registered where false)",
                "test_a_disabled_token_stays_while_somebody_has_it_registered",
            ),
            (
                "includes the server of the latest run",
                "parts/prunable/installation",
                "latest-installation",
                "where true)",
                "test_workers_that_are_gone_and_installations_that_were_left_are_forgotten",
            ),
        )
    ),
    Mutant(
        "the pushes of an absence do not count after a prune",
        "postgres/migrations/20261123090100_tables.sql",
        "spent-by-name",
        "where false",
        (_PRUNE + "test_the_limit_and_the_back_off_of_an_absence_count_pruned_pushes",),
    ),
)

_RENAMED_TRIALS = "database/test_renamed_trials.py::test_"
_EFFECT = "database/test_effect.py::test_"
_ANSWERS = "unit/test_effect_answers.py::test_"

EFFECT = (
    Mutant(
        "the agreed day is read before everybody has settled",
        "effect/answers.py",
        "everybody-settled",
        "if False:",
        (_ANSWERS + "the_agreed_day_is_read_once_everybody_has_settled",),
    ),
    Mutant(
        "scenarios that are shown side by side are each allowed the error of one",
        "effect/answers.py",
        "side-by-side",
        "shared = ALPHA",
        (_ANSWERS + "scenarios_side_by_side_share_the_error_and_the_programme_has_it_alone",),
    ),
    Mutant(
        "a key of one organisation counts the opens of everybody",
        _sql("effect_opened"),
        "own-opens",
        "",
        (_EFFECT + "first_pushes_that_were_opened_are_counted_by_arm[by claim]",),
    ),
    Mutant(
        "people who are held out are compared by their opens",
        "effect/curve.py",
        "opens-of-texts",
        "if found.opens is None:",
        (_ANSWERS + "two_texts_are_compared_by_their_opens_too_and_an_arm_that_is_held_out_never_is",),
    ),
    Mutant(
        "opens are shown of a trial whose assignment looks broken",
        "effect/opens.py",
        "opens-of-a-broken-trial",
        "if False:",
        (_ANSWERS + "opens_describe_the_nudged_and_are_not_shown_of_a_broken_trial",),
    ),
    Mutant(
        "more than twenty trials side by side divide the error",
        "effect/answers.py",
        "more-than-twenty",
        "many = False",
        (_ANSWERS + "more_than_twenty_side_by_side_are_read_once_at_the_level_of_their_words[person]",),
    ),
    Mutant(
        "the level of many trials counts words that are not said at it",
        "effect/many.py",
        "e-bh",
        "if one > math.log(1 / alpha)",
        ("property/test_effect_many.py::test_the_level_is_that_of_the_number_of_words[evidence4-1]",),
    ),
    Mutant(
        "each of many trials is allowed the error of one",
        "effect/many.py",
        "level-of-the-words",
        "return alpha",
        ("property/test_effect_many.py::test_at_most_one_word_in_twenty_is_wrong_and_more_is_seen_than_by_dividing",),
    ),
    Mutant(
        "a day until now has a word at twice the error of today's",
        "effect/past.py",
        "half-of-half",
        "readings = 1",
        (_ANSWERS + "the_days_say_what_was_said_on_them",),
    ),
    Mutant(
        "a day until now has a word although an arm was too small",
        "effect/past.py",
        "past-too-few",
        "",
        (_ANSWERS + "no_day_says_anything_while_an_arm_is_too_small",),
    ),
    Mutant(
        "a view that cannot be read is not said",
        "effect/answers.py",
        "view-unreadable",
        "failure=None,",
        (_ANSWERS + "a_view_that_cannot_be_read_is_the_word_while_people_wait_to_settle",),
    ),
    Mutant(
        "a key of one organisation reads the effect on everybody",
        _sql("parts/trial_person"),
        "own-effect",
        "",
        (_EFFECT + "a_limited_reader_gets_the_people_of_its_organisations",),
    ),
    Mutant(
        "a key of one organisation asks for the effect on everybody",
        "api/effect_routes.py",
        "own-effects",
        "found = await engine.effect(scenario_type=scenario)",
        ("acceptance/api/test_reading.py::test_a_key_of_one_organisation_reads_that_organisation_alone",),
    ),
    Mutant(
        "people whose horizon was not over when a trial was ended count",
        _sql("parts/trial_person"),
        "through-by-the-end",
        "",
        (_EFFECT + "of_a_trial_that_was_ended_only_those_count_who_were_through_by_then",),
    ),
    Mutant(
        "a trial whose people are no longer kept is too early",
        "effect/words.py",
        "nobody-is-kept",
        "if False:",
        (_ANSWERS + "a_trial_whose_people_are_no_longer_kept_is_not_too_early",),
    ),
    Mutant(
        "a scenario that was renamed has two newest trials",
        "effect/answers.py",
        "trials-by-name",
        "scenarios.setdefault(one.scope, []).append(one)",
        (
            _ANSWERS + "an_earlier_trial_is_listed_under_the_name_that_the_scenario_had_then",
            _RENAMED_TRIALS + "trials_under_every_name_are_found_by_each_of_them",
        ),
    ),
    Mutant(
        "trials under an earlier name of the scenario are not found",
        _sql("parts/trial_scope"),
        "effect-by-name",
        "where false))",
        (_RENAMED_TRIALS + "trials_under_every_name_are_found_by_each_of_them",),
    ),
    Mutant(
        "what a trial can show is not judged by the pushes under the name that `was` says",
        "postgres/trials.py",
        "outlook-of-former-name",
        "return [terms.scope]",
        (_RENAMED_TRIALS + "what_a_trial_can_show_is_judged_by_the_pushes_under_every_name",),
    ),
    Mutant(
        "what a trial can show is not judged by the pushes under an earlier name",
        _sql("trial_outlook"),
        "outlook-by-name",
        "where false",
        (_RENAMED_TRIALS + "what_a_trial_can_show_is_judged_by_the_pushes_under_every_name",),
    ),
    Mutant(
        "a trial settles opt-outs by the name of the first claim",
        _sql("settle_enrolments"),
        "settled-by-name",
        "left join renamed on false",
        (_RENAMED_TRIALS + "an_opt_out_under_the_new_name_counts_in_the_trial_under_the_former_one",),
    ),
)

_OUTCOME = "database/test_own_outcome.py::test_"
OWN_OUTCOME = tuple(
    Mutant(name, file, marker, becomes, (_OUTCOME + test,))
    for name, file, marker, becomes, test in (
        (
            "a push is looked back at by activities although its scenario has a query",
            _sql("parts/pushes_over"),
            "outcome-of-the-push",
            "where true",
            "each_outcome_settles_its_own_people",
        ),
        (
            "a trial is settled by activities although it has a query",
            _sql("parts/enrolments_over"),
            "outcome-of-the-trial",
            "where true",
            "a_query_settles_the_base_rate_and_both_arms_once_and_an_activity_counts_for_nothing",
        ),
        (
            "a person that the query was not asked about settles as one who did not come back",
            _sql("parts/back_asked"),
            "only-the-asked",
            "left join (",
            "people_that_the_query_was_not_asked_about_wait_for_the_next_run",
        ),
        (
            "the query of an outcome is not proved",
            "postgres/own_outcome.py",
            "prove-the-outcome",
            "",
            "a_query_that_is_not_one_read_only_select_of_the_two_columns_is_refused[brackets closed and opened again]",
        ),
        (
            "an outcome that fails ends the look back",
            "engine/look_back.py",
            "the-others-go-on",
            "raise",
            "an_outcome_that_fails_does_not_hold_back_another",
        ),
        (
            "a trial goes on under another outcome",
            "postgres/trials.py",
            "outcome-of-the-terms",
            "return TrialTerms(*fixed)",
            "another_outcome_ends_a_trial_and_starts_another_with_the_digest_of_its_query",
        ),
        (
            "the horizon may have been edited since the query was asked",
            _sql("parts/back_asked"),
            "asked-with-its-horizon",
            "",
            "a_horizon_that_is_edited_after_the_query_waits_for_the_next_run",
        ),
    )
)

BACKTEST = (
    Mutant(
        "a replay may write",
        "postgres/backtest.py",
        "cannot-write",
        "",
        ("database/test_backtest.py::test_a_replay_cannot_write",),
    ),
    Mutant(
        "a replay reads what was entered later",
        _sql("replay_entered"),
        "entered-by-then",
        "select * from rekindle_source.{view}",
        (_TRUST + "test_activity_that_was_entered_later_is_not_known_before[timestamptz]",),
    ),
    Mutant(
        "a replay sends at the moment of its tick",
        _sql("replay"),
        "sent-after-the-tick",
        "%(at)s::timestamptz as sent_at",
        (_TRUST + "test_a_cooldown_as_long_as_the_schedule_skips_every_second_tick[timestamptz]",),
    ),
    *(
        Mutant(
            f"a replay forgets {what}",
            _sql(f"parts/{part}"),
            marker,
            becomes,
            ("database/test_backtest.py::test_a_replay_of_30_days_finds_the_people_occurrences_and_ticks_of_the_runs",),
        )
        for what, part, marker, becomes in (
            ("the cooldowns", "gate_replayed", "replayed-cooldown", "where false"),
            ("the pushes under a cap", "cap_replayed", "replayed-cap", "and false"),
        )
    ),
    Mutant(
        "people whose horizon is not over count as not back",
        _sql("replay_came_back"),
        "replayed-horizon",
        "",
        (_TRUST + "test_the_numbers_of_a_replay[timestamptz]",),
    ),
)

RENAMED = (
    *(
        Mutant(
            f"a renamed scenario: {what}",
            file,
            marker,
            becomes,
            tuple(test if "::" in test else _RENAME + test for test in tests),
        )
        for what, file, marker, becomes, *tests in (
            (
                "the names are followed in one direction",
                "postgres/migrations/20261123090100_tables.sql",
                "both-ways",
                "select same.name, pair.other",
                "applied_twice_or_without_the_key_it_changes_nothing_for_people",
            ),
            (
                "its earlier gates are not read",
                _sql("parts/gate_renamed"),
                "renamed-gate",
                "where g.user_id = person.user_id and g.scenario_type = %(scenario_type)s",
                _RENAMED_AT_ANY_MOMENT,
                "a_push_under_the_former_name_begins_the_cooldown_of_the_new_one",
            ),
            (
                "a claim under an earlier name is not in flight",
                _sql("parts/gate_renamed"),
                "renamed-in-flight",
                "null::uuid as inflight",
                "a_claim_that_is_live_under_the_former_name_is_in_flight_and_its_record_begins_the_cooldown",
            ),
            (
                "its earlier records spend nothing",
                _sql("parts/spent"),
                "renamed-record",
                "where n.user_id = candidate.user_id and n.scenario_type = %(scenario_type)s",
                "an_occurrence_that_was_sent_under_the_former_name_stays_spent[recorded]",
            ),
            (
                "its earlier unknown outcomes spend nothing",
                _sql("parts/spent"),
                "renamed-unknown",
                "where o.user_id = candidate.user_id and o.scenario_type = %(scenario_type)s",
                "an_occurrence_that_was_sent_under_the_former_name_stays_spent[unknown]",
            ),
            (
                "its earlier pruned records spend nothing",
                _sql("parts/spent"),
                "renamed-spent",
                "where s.user_id = candidate.user_id and s.scenario_type = %(scenario_type)s",
                "an_occurrence_that_was_sent_under_the_former_name_stays_spent[pruned]",
            ),
            (
                "an earlier key of today does not count",
                _sql("parts/refusals/already_today"),
                "renamed-today",
                "or false and exists (",
                "the_key_of_today_counts_under_each_name",
            ),
            (
                "an earlier name in an opt-out does not count",
                _sql("parts/verdicts"),
                "renamed-opt-out",
                "or preference.scenario_type = %(scenario_type)s)",
                "an_opt_out_counts_under_each_name_whenever_it_is_written",
            ),
            (
                "it is switched on by its new name",
                _sql("parts/verdicts"),
                "renamed-switch",
                "where s.scenario_type is null or s.scenario_type = %(scenario_type)s",
                "a_switch_stays_off_under_the_new_name_until_it_is_turned_on",
            ),
            (
                "the last look reads switches by the unit's name",
                _sql("arm"),
                "switched-by-name",
                "cross join lateral (select s.scenario_type as identity) scenario",
                "the_last_look_at_a_unit_of_the_former_name_sees_what_is_said_of_the_new_one[switched_off-older]",
            ),
            (
                "the last look reads opt-outs by the unit's name",
                _sql("arm"),
                "opted-out-by-name",
                "select preference.user_id, preference.scenario_type as scenario_type",
                "the_last_look_at_a_unit_of_the_former_name_sees_what_is_said_of_the_new_one[opted_out-older]",
            ),
            (
                "the look back reads opt-outs by the record's name",
                _sql("look_back"),
                "looked-back-by-name",
                "left join renamed on false",
                "the_look_back_at_a_push_of_the_former_name_knows_an_opt_out_of_the_new_one",
            ),
            (
                "a claim does not ask for its names",
                "postgres/claims.py",
                "under-its-name",
                "",
                _RENAMED_AT_ANY_MOMENT,
                "a_run_that_began_before_the_renaming_claims_nothing_more_of_it",
                "a_run_that_does_not_know_a_further_name_claims_nothing",
            ),
            (
                "a run claims by a name that is not in force",
                _sql("claim_name"),
                "name-in-force",
                ")",
                "a_run_that_began_before_the_renaming_claims_nothing_more_of_it",
            ),
            (
                "a run claims without a name that it does not know",
                _sql("claim_name"),
                "name-not-known",
                "and (false",
                "a_run_that_does_not_know_a_further_name_claims_nothing",
            ),
            (
                "it is applied while a claim is under way",
                "postgres/reports.py",
                "rename-without-claims",
                "pass",
                "it_is_renamed_after_the_claim_that_is_under_way",
            ),
            (
                "two scenarios of a file may be one",
                "postgres/names.py",
                "names-collide",
                "if False:",
                "a_name_that_a_scenario_has_had_is_given_to_no_other",
            ),
            (
                "its schedule begins now",
                _sql("schedule_apply"),
                "schedule-goes-on",
                "where false",
                "a_schedule_goes_on_where_it_was_under_the_former_name",
            ),
            (
                "the guard knows only its new name",
                _sql("guard"),
                "usual-by-name",
                "where scenario_type = (%(names)s::text[])[1]",
                "the_guard_compares_with_what_was_usual_under_the_former_name",
            ),
            (
                "its explanation has no earlier pushes",
                _sql("history"),
                "history-by-name",
                "where false",
                "the_explanation_under_the_new_name_has_the_pushes_of_the_former_one",
            ),
        )
    ),
    *(
        Mutant(
            f"was may name {what}",
            "scenario/renaming.py",
            marker,
            "if False:",
            (f"unit/test_renaming.py::test_a_wrong_former_name_is_one_line_at_its_place[{case}]",),
        )
        for what, marker, case in (
            ("the scenario itself", "was-itself", "itself"),
            ("a scenario of the file", "was-still-there", "still there"),
            ("what another scenario names", "was-twice", "twice"),
        )
    ),
)

MUTANTS = (
    *ARM,
    *FENCE,
    *LOCKS,
    *ORDER,
    *COOLDOWN,
    *UNKNOWN,
    *PROVIDER,
    *FUNCTION,
    *OUTAGE,
    *POLICY,
    *GUARD,
    *SECRETS,
    *ALONE,
    *SESSION,
    *RUNS,
    *SERVING,
    *ACCESS,
    *PEOPLE,
    *READING,
    *DIGEST,
    *PRUNE,
    *OCCASIONS,
    *IDS,
    *TELEMETRY,
    *EFFECT,
    *OWN_OUTCOME,
    *BACKTEST,
    *RENAMED,
)
