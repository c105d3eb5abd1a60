-- When each source was looked at last, and what came of it: bytes that did not change leave no run.
alter table meta.source
    add column looked_at timestamptz,
    add column looked_outcome text,
    add constraint looks_have_outcomes check ((looked_at is null) = (looked_outcome is null)),
    add constraint source_looked_outcome_check check (
        looked_outcome in (
            'accepted', 'unchanged', 'absent', 'held', 'rejected', 'refused', 'incomplete',
            'unreachable', 'fault'
        )
    );
