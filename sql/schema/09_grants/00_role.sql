-- Rights are the owner's to give.
set role validahub_owner;
