-- An observation is forgotten by its own age: nobody looks for those of an incident.
DROP INDEX observations_of_incident;
