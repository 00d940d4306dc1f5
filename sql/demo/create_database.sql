-- A database, empty.
create database {database} template template0
