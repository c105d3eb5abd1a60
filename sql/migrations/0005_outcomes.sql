-- How a run ends is a closed list (geo/states.py: Outcome). What used to be `failed` was a fault.
alter table meta.run drop constraint run_outcome_check;
update meta.run set outcome = 'fault' where outcome = 'failed';
alter table meta.run add constraint run_outcome_check check (
    outcome in (
        'running', 'accepted', 'unchanged', 'absent', 'held', 'rejected', 'refused', 'incomplete',
        'unreachable', 'fault'
    )
);
