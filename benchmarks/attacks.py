"""Try every attack that is in the tests, and print how many were refused.

Usage: python benchmarks/attacks.py

A row is a test, and its attacks are the rows of that test's table. One that gets through is
printed with its name, and the exit status is 1.
"""

from __future__ import annotations

import collections
import contextlib
import io
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1] / "tests"
ATTACKS = {
    "test_sources.py": {
        "paths_that_lead_astray_are_refused": "paths out of the roots, pipes, circles",
        "devices_are_refused": "devices",
        "attacks_are_refused_before_anything_is_asked": "URLs in disguise, addresses inside",
        "nothing_opens_metadata": "metadata of a cloud, though allowed by name",
        "no_text_gets_past_a_private_address": "500 texts for a host that is private",
        "errors_hide_what_a_url_may_hold": "signatures and passwords in URLs",
        "a_name_is_looked_up_once_and_the_answer_is_what_is_connected_to": "rebinding",
        "a_redirect_is_looked_up_anew": "rebinding on the way",
        "one_bad_address_of_a_host_refuses_it": "one private address among others",
        "bad_answers_are_told_apart": "redirects, wrong types, broken packing",
        "a_redirect_to_a_private_address_is_refused": "a redirect to a private address",
        "too_large_is_given_up_early": "size stated, hidden, packed",
        "a_drop_at_a_time_does_not_keep_a_fetch_alive": "a drop at a time",
        "looking_up_ends_at_the_deadline": "a name server that waits",
        "no_proxy_is_used": "a proxy of the environment",
        "tls_verifies_the_name_not_the_address": "the certificate of another host",
        "another_door_fetches_for_itself": "what another door has fetched",
    },
    "test_hostile_door.py": {
        "a_folder_exchanged_after_the_check_is_noticed": "a folder exchanged for a link",
        "a_file_exchanged_after_the_check_is_noticed": "a file exchanged for a link or pipe",
        "no_race_gives_the_secret_away": "a folder exchanged all the time",
        "what_was_checked_is_what_is_sent": "a file exchanged after it was opened",
        "the_kernels_files_are_never_opened": "/proc, /sys, /dev with the disk for a root",
        "links_to_them_are_not_followed": "links to /proc and /dev/fd",
        "sockets_are_refused": "sockets",
        "a_kernel_file_system_in_another_place_is_known": "/proc mounted elsewhere",
        "a_file_over_the_limit_is_not_read": "a file of ten gigabytes",
        "a_file_that_grows_is_cut_off": "a file that grows",
        "pixels_are_limited_before_they_are_decoded": "more pixels than allowed",
        "even_code_reaches_no_metadata": "metadata, for a developer's code",
        "a_model_fetches_only_from_hosts_that_are_named": "a host of the model's choice",
        "a_model_learns_nothing_of_what_lies_outside": "asking what files there are",
        "names_of_this_machine_are_looked_up_and_refused": "names of this machine",
        "no_header_gets_in_by_a_url": "headers in a URL",
        "servers_that_mean_harm": "heads, chunks and packing without end; SVG",
    },
    "test_hostile_places.py": {
        "metadata_of_clouds_stays_shut_where_private_is_open": "metadata in private networks",
        "addresses_that_are_nobodys_are_reserved": "addresses for protocols and tests",
        "no_other_spelling_is_a_host_that_is_named": "a named host, spelled otherwise",
        "another_drive_is_not_even_looked_at": "shares and pipes of Windows",
        "who_has_an_account_here_is_not_told": "asking who has an account",
        "the_proc_of_another_container_is_a_kernels_too": "/proc of another container",
        "a_name_writes_no_line_of_its_own": "lines and escapes for a log",
        "answers_that_are_none_are_refused": "answers that are no HTTP, or lie",
    },
    "test_hostile_images.py": {
        "bombs_do_no_harm": "bombs, loops and foreign types",
        "the_fast_reader_reads_only_what_the_header_says": "SVG in libvips",
    },
    "test_hostile_text.py": {
        "a_fence_cannot_be_closed_from_inside": "closing the fence beside an image",
        "a_quotation_cannot_be_closed_from_inside": "closing the marks of a tool result",
        "no_text_closes_its_marks": "300 texts made to close them",
        "tools_hand_on_words_between_marks": "orders in what tools read and say",
        "words_beside_an_image_are_fenced": "orders in what goes beside an image",
        "detail_and_the_rest_of_the_request_stay_as_set": "orders to change the request",
        "a_model_that_obeys_gets_nowhere": "a model that obeys them",
        "no_argument_widens_a_limit": "arguments that widen a limit, at every tool",
    },
    "test_hostile_metadata.py": {
        "a_colour_profile_leaves_without_its_owner": "the owner's screen in a colour profile",
        "a_profile_over_several_segments_leaves_in_as_many": "the same in several segments",
        "a_profile_that_is_none_goes": "what is no profile in its place",
        "no_other_place_of_a_file_leaves": "every other place of a file for words",
    },
    "test_hostile_privacy.py": {
        "no_place_and_no_device_leaves": "place, device, author in each type and way",
        "a_key_is_in_no_trace": "keys in traces",
        "a_key_is_in_no_repr": "keys in reprs",
        "a_key_is_in_no_error": "keys in errors",
        "secrets_of_a_url_are_in_no_error_and_no_name": "signatures in errors and names",
        "pictures_and_keys_are_in_no_log": "pictures and keys in logs",
    },
}


class Tally:
    """Counts the ends of the tests, by file and name."""

    def __init__(self) -> None:
        self.ends: dict[tuple[str, str], collections.Counter[str]] = {}
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count an attack."""
        if report.when != "call" and report.outcome == "passed":
            return
        path, _, name = report.nodeid.partition("::")
        key = Path(path).name, name.partition("[")[0].removeprefix("test_")
        self.ends.setdefault(key, collections.Counter())[report.outcome] += 1
        if report.failed:
            self.failed.append(report.nodeid)


def main() -> int:
    """Try them and print the table; return the exit status."""
    tally, total = Tally(), collections.Counter[str]()
    chosen = [f"{TESTS / file}::test_{name}" for file, names in ATTACKS.items() for name in names]
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main(["-q", "--no-header", *chosen], plugins=[tally])
    print("| attack | tried | refused | not on this system |\n|---|---:|---:|---:|")
    for file, names in ATTACKS.items():
        for name, label in names.items():
            ends = tally.ends.get((file, name), collections.Counter())
            total += ends
            print(f"| {label} | {ends.total()} | {ends['passed']} | {ends['skipped']} |")
    print(f"| **all** | {total.total()} | {total['passed']} | {total['skipped']} |")
    for name in tally.failed:
        print(f"NOT REFUSED: {name}")
    return 1 if tally.failed or not total else 0


if __name__ == "__main__":
    sys.exit(main())
