-- Numbers of the releases that there are, and the empty map before the first.
select 0 as release
union all
select release from meta.release
order by release
