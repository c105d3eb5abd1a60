-- Runs, what was wrong in them, who may write, and what readers see.
create table meta.run (
    run_id integer generated always as identity primary key,
    source_id text not null references meta.source,
    layer_id text not null references meta.layer,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    outcome text not null default 'running' check (
        outcome in ('running', 'accepted', 'held', 'rejected', 'refused', 'failed')
    ),
    reason text,
    reason_th text,
    evidence jsonb not null default '{}',
    snapshot_sha256 text,
    fetched_at timestamptz,
    declaration_sha256 text,
    lineage jsonb not null default '{}',
    target_release integer,
    rows_in integer,
    rows_published integer,
    rows_quarantined integer,
    rows_filtered integer,
    rows_held integer,
    rows_repaired integer,
    features_added integer,
    features_changed integer,
    features_removed integer,
    decided_by text,
    decided_reason text,
    decided_at timestamptz,
    -- Nothing is lost: every row of an accepted delivery is somewhere.
    constraint rows_are_accounted check (
        outcome <> 'accepted' or rows_in = rows_published + rows_quarantined + rows_filtered
    ),
    constraint decisions_have_names check (
        (decided_at is null) = (decided_by is null) and (decided_at is null) = (decided_reason is null)
        and decided_by ~ '\S' and decided_reason ~ '\S'
    )
);
create index run_by_source on meta.run (source_id, run_id desc);

create table meta.issue (
    run_id integer not null references meta.run on delete cascade,
    code text not null,
    severity text not null check (severity in ('error', 'warning', 'note')),
    responsible text not null check (responsible in ('agency', 'onemap', 'nobody')),
    source_row integer,
    column_name text,
    value text,
    message_th text not null,
    message_en text not null
);
create index issue_by_run on meta.issue (run_id, code);

create table meta.quarantined_row (
    run_id integer not null references meta.run on delete cascade,
    source_row integer not null,
    codes text[] not null,
    raw jsonb not null,
    primary key (run_id, source_row)
);

create table meta.filtered_row (
    run_id integer not null references meta.run on delete cascade,
    source_row integer not null,
    reason_th text not null,
    reason_en text not null,
    primary key (run_id, source_row)
);

-- The right to write a layer. The load's own transaction checks the token; a holder whose database
-- session is gone has lost it.
create table meta.lease (
    layer_id text primary key references meta.layer,
    token uuid not null,
    holder text not null,
    backend_pid integer not null,
    backend_start timestamptz not null,
    taken_at timestamptz not null default clock_timestamp()
);

create table meta.release (
    release integer primary key check (release > 0),
    published_at timestamptz not null,
    manifest jsonb not null
);

-- The one row that every reader follows.
create table meta.pointer (
    release integer not null,
    database_id uuid not null default gen_random_uuid(),
    only_one boolean primary key default true check (only_one)
);
insert into meta.pointer (release) values (0);
