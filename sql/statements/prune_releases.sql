-- Releases, and whether their files stay: the current one, the latest ones, and those of the last days.
select r.release, r.files_pruned_at is not null as pruned,
       r.files_pruned_at is null and (
           r.release >= p.release
           or row_number() over (order by r.release desc) <= :least
           or r.published_at > now() - make_interval(days => :days)
       ) as kept
from meta.release r
cross join meta.pointer p
order by r.release
