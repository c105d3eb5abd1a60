-- One view of the database for the whole publication. The planner cannot know how few tiles a shape
-- touches, and would compile each statement for a second (jit) to run it for a hundredth.
set transaction isolation level repeatable read, read only;
set local jit = off
