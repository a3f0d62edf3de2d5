"""`flask sync why`: one record's story, for whoever asks where it is."""

from __future__ import annotations

import click

from config.clock import SystemClock
from jobs.commands import EXIT_REJECTED, command_runtime, explained, json_option, print_json
from jobs.commands.sync import group
from sfsync.mapping import MAPPINGS
from sfsync.stories import Story, tell_proof, tell_stories
from sfsync.sync_state import SyncState


@group.command("why")
@click.argument("record")
@json_option
@explained
def why(record: str, as_json: bool) -> None:
    """Tell the story of RECORD: its Id, external ID, order number or OP-number.

    Costs no API call. Exit 1 when nothing is known of it.
    """
    with command_runtime().transaction() as session:
        stories = tell_stories(session, record.strip(), SystemClock().now())
        states = {each.sobject: session.get(SyncState, each.sobject) for each in MAPPINGS}
    if as_json:
        print_json([story.as_dict() for story in stories])
    elif stories:
        click.echo("\n\n".join(map(tell_story, stories)))
    else:
        proofs = [f"  {sobject}: {tell_proof(state)}." for sobject, state in states.items()]
        click.echo("\n".join([f"Nothing is known of '{record}'.", *proofs]), err=True)
    if not stories:
        raise SystemExit(EXIT_REJECTED)


def tell_story(story: Story) -> str:
    """One story as lines."""
    lines = [story.verdict]
    if story.remedy is not None:
        lines.append(f"What to do: {story.remedy}")
    lines.append(f"Proof: {story.proof}.")
    lines += [f"  {event.at:%Y-%m-%d %H:%M:%S}  {event.text}" for event in story.events]
    return "\n".join(lines)
