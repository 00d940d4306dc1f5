-- What it answers: which of the suite's requirements are not met? One boolean a requirement, in their order.
-- Columns: needed, an array.
-- Minimum version: 13.
select array[
    {conditions}
] as needed
