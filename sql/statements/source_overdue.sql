-- Days within which new content was promised, where they have passed since it last came.
select s.promise_days
from onemap.layer_status l
join meta.source s using (source_id)
where l.source_id = :source and l.late
